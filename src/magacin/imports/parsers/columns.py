"""Which column means what: by its name, in the words that order files use, or by a given mapping."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Mapping, Sequence

from magacin.contracts.order_files import COLUMNS, REQUIRED, Column, Subject
from magacin.imports.parsers.kinds import MEASURES, OF_THE_LINE, OF_THE_ORDER
from magacin.imports.parsers.table import Layout, UnreadableFile
from magacin.imports.parsers.text import printable

Mapped = Mapping[Column, str | tuple[str, ...]]
_MAX_COLUMNS = 1_000
# Of the names that people choose from: how many, and how long; a mapping takes none that is longer.
_MAX_NAMES, _MAX_NAME = 200, 200

# In the order of preference: of two names for the same meaning the one that stands first here wins, so that
# what was ordered goes before what was shipped, and an exact name before a loose one. Names are compared
# without case, accents, blanks and punctuation. Some are not here because they mean other things as often:
# amount (of money), item (the number of the line), location (the shelf).
SYNONYMS: dict[Column, tuple[str, ...]] = {
    Column.REQUISITION: (
        "requisition", "requisition number", "requisition no", "requisition id",
        "order number", "order no", "order nr", "order id", "order reference", "order", "sales order",
        "purchase order", "po number", "po", "invoice no", "invoice number", "invoice nr", "invoice",
        "document number", "document no", "document", "sales document",
        "trebovanje", "broj trebovanja", "trebovanje broj", "nalog", "broj naloga", "porudžbina",
        "broj porudžbine", "narudžbina", "broj narudžbine", "narudžba", "broj narudžbe", "broj dokumenta",
        "dokument", "faktura", "broj fakture",
        "требовање", "број требовања", "налог", "број налога", "поруџбина", "број поруџбине",
        "auftragsnummer", "auftragsnr", "auftrag", "bestellnummer", "bestellnr", "bestellung", "belegnummer",
        "numéro de commande", "commande", "número de pedido", "pedido", "número do pedido",
        "numero ordine", "ordine", "bestelnummer", "ordrenummer", "ordernummer", "tilausnumero",
        "numer zamówienia", "zamówienie", "rendelésszám", "rendelés", "číslo objednávky", "objednávka",
        "številka naročila", "naročilo", "număr comandă", "comandă", "sipariş no",
        "αριθμός παραγγελίας", "παραγγελία", "номер заказа", "заказ", "номер замовлення", "замовлення",
        "номер на поръчка", "поръчка", "注文番号", "订单号", "訂單編號", "주문번호",
        "br naloga", "br narudžbe", "br porudžbine", "nalog broj", "narudžbenica", "broj narudžbenice",
        "zahtev", "zahtjev", "broj zahteva", "otpremnica", "broj otpremnice", "бр налога", "захтев",
        "beleg", "belegnr", "kundenauftrag", "auftrag nr", "n commande", "no commande", "commande no",
        "référence commande", "bon de commande", "no pedido", "num pedido", "nro pedido", "orden",
        "orden de compra", "n ordine", "num ordine", "nr ordine", "nr zamówienia", "zlecenie",
        "numer zlecenia", "rendelési szám", "megrendelés", "megrendelésszám", "č objednávky", "zakázka",
        "číslo zakázky", "št naročila", "nr comandă", "sipariş", "sipariş numarası", "αρ παραγγελίας",
        "κωδικός παραγγελίας", "no заказа", "заказ no", "номер документа", "no замовлення", "no поръчка",
        "поръчка no", "bestilling", "bestillingsnummer", "ordrenr", "beställning", "beställningsnummer",
        "tilaus", "tilausnro", "bestelling", "bestelnr", "užsakymas", "užsakymo numeris", "užsakymo nr",
        "pasūtījums", "pasūtījuma nr", "tellimus", "tellimuse number", "porosia", "нарачка",
        "број на нарачка", "注文no", "受注番号", "订单编号", "订单", "訂單號", "訂單號碼",
        "訂單", "주문", "מספר הזמנה", "הזמנה",
        "رقم الطلب", "sales order number", "so number", "customer po", "transfer order",
    ),
    Column.SKU: (
        "sku", "stock code", "article number", "article no", "article code", "article id",
        "item number", "item no", "item code", "item id", "item sku", "lineitem sku", "item code (items)",
        "product code", "product number", "product no", "product sku", "product id", "internal reference",
        "order lines/product/internal reference", "order lines/product", "material", "material number",
        "part number", "part no", "code", "article",
        "šifra", "šifra artikla", "šifra robe", "šifra proizvoda", "artikal", "artikl",
        "шифра", "шифра артикла", "артикал",
        "artikelnummer", "artikelnr", "artikel", "materialnummer", "référence", "référence article",
        "código", "código de artículo", "referencia", "codice", "codice articolo", "articolo", "varenummer",
        "kod towaru", "kod produktu", "indeks", "cikkszám", "kód zboží", "kód", "kód tovaru", "cod articol",
        "ürün kodu", "stok kodu", "κωδικός", "κωδικός είδους", "артикул", "код товара", "код товару", "код",
        "商品コード", "品番", "商品编码", "商品代碼", "상품코드",
        "art no", "art nr", "šifra art", "kataloški broj", "kat broj", "šifra materijala", "sachnummer",
        "teilenummer", "produktnummer", "réf", "réf article", "code article", "code produit", "cód",
        "código producto", "código do produto", "cod", "cod art", "kod", "kod artykułu", "nr artykułu",
        "symbol", "cikkód", "termékkód", "číslo zboží", "č zboží", "kód výrobku", "katalogové číslo",
        "číslo tovaru", "cod produs", "ürün no", "malzeme kodu", "stok no", "κωδ", "κωδικός προϊόντος",
        "арт", "код изделия", "номенклатурный номер", "код на артикул", "varenr", "tuotekoodi",
        "tuotenumero", "nimike", "prekės kodas", "kodas", "preces kods", "kods", "kaubakood", "kood",
        "商品番号", "型番", "货号", "产品编码", "物料编码", "料號", "貨號", "상품번호",
        "품번", "품목코드", "מקט", "رمز الصنف",
        "رمز المنتج",
    ),
    Column.QUANTITY: (
        "ordered quantity", "quantity ordered", "qty ordered", "ordered qty", "order quantity", "order qty",
        "required quantity", "quantity to ship", "quantity purchased", "quantity", "qty", "item quantity",
        "lineitem quantity", "quantity (items)", "order lines/ordered quantity", "order lines/quantity",
        "required", "pieces", "pcs", "count", "quantity shipped", "qty shipped", "shipped quantity", "units",
        "naručena količina", "tražena količina", "naručeno", "količina", "kol", "komada", "kom",
        "наручена количина", "количина", "кол", "комада",
        "bestellmenge", "menge", "stückzahl", "anzahl", "stück", "quantité", "cantidad", "quantidade",
        "quantità", "aantal", "antal", "määrä", "ilość", "mennyiség", "množství", "množstvo", "cantitate",
        "miktar", "adet", "ποσότητα", "количество", "кол-во", "кількість", "数量", "數量", "수량",
        "ordered", "qty required", "qty to ship", "quantity to pick", "qty to pick", "pick qty",
        "naručena kol", "tražena kol", "količina za izdavanje", "bestellte menge", "qté commandée",
        "quantité commandée", "cantidad pedida", "quantità ordinata", "zamówiona ilość",
        "objednané množství", "заказано", "qté", "qtd", "cant", "q.tà", "stk", "szt", "sztuk", "db",
        "darab", "ks", "počet", "počet ks", "kusy", "kos", "buc", "bucăți", "τεμ", "τεμάχια", "шт", "к-во",
        "к-сть", "брой", "бр", "mængde", "antall", "kpl", "kiekis", "vnt", "daudzums", "gab", "kogus",
        "sasia", "個数", "個數", "件数", "件數", "개수", "כמות", "الكمية",
    ),
    Column.DESCRIPTION: (
        "description", "item description", "article description", "product description", "article name",
        "item name", "product name", "lineitem name", "name", "title", "text", "product",
        "naziv", "naziv artikla", "naziv robe", "naziv proizvoda", "opis", "opis artikla",
        "назив", "назив артикла", "опис",
        "bezeichnung", "artikelbezeichnung", "beschreibung", "désignation", "libellé", "descripción",
        "descrição", "descrizione", "omschrijving", "beskrivelse", "benämning", "nazwa", "nazwa towaru",
        "megnevezés", "název", "názov", "denumire", "açıklama", "ürün adı", "περιγραφή", "наименование",
        "название", "назва", "商品名", "商品名称", "商品名稱", "상품명",
        "artikelname", "produktname", "produkt", "nombre", "nombre del producto", "nome", "nome do produto",
        "tekst", "leírás", "popis", "descriere", "opis towaru", "kuvaus", "tuote", "nimetus", "nosaukums",
        "pavadinimas", "emërtimi", "opis robe", "proizvod", "назив робе", "номенклатура", "товар",
        "описание", "опис товару", "ürün", "品名", "품명", "תיאור", "الوصف",
    ),
    Column.BARCODE: (
        "barcode", "bar code", "gtin", "ean", "ean13", "ean code", "ean number", "upc", "gtin ean",
        "barkod", "bar kod", "бар код", "баркод", "strichcode", "code-barres", "código de barras",
        "codice a barre", "streepjescode", "kod kreskowy", "vonalkód", "čárový kód", "čiarový kód",
        "črtna koda", "cod de bare", "штрихкод", "штрих-код",
        "ean 13", "gtin 13", "gtin 14", "upc code", "ean kod", "barkód", "barkodas", "svītrkods",
        "strekkode", "streckkod", "stregkode", "viivakoodi", "code barre", "条码",
        "條碼", "条形码", "バーコード",
        "jan", "janコード", "바코드",
    ),
    Column.DESTINATION: (
        "destination", "deliver to", "delivery address", "ship to", "store", "shop", "branch",
        "customer name", "customer", "recipient", "country",
        "odredište", "prodavnica", "objekat", "mesto isporuke", "kupac", "primalac", "poslovnica",
        "одредиште", "продавница", "објекат", "купац",
        "empfänger", "kunde", "lieferadresse", "filiale", "client", "destinataire", "cliente", "klant",
        "kund", "asiakas", "odbiorca", "klient", "vevő", "zákazník", "kupec", "müşteri", "πελάτης",
        "покупатель", "клиент", "покупець", "клієнт", "顧客名", "客户", "客戶", "고객",
        "livré à", "lieu de livraison", "adresse de livraison", "lieferanschrift", "lieferort",
        "destinatario", "miejsce dostawy", "adresat", "adres dostawy", "szállítási cím", "címzett",
        "odběratel", "odberateľ", "prejemnik", "adresă livrare", "alıcı", "teslim adresi", "παραλήπτης",
        "получатель", "грузополучатель", "магазин", "одержувач", "отримувач", "получател", "modtager",
        "mottaker", "mottagare", "vastaanottaja", "saņēmējs", "gavėjas", "pirkėjas", "mjesto isporuke",
        "radnja", "prodajno mesto", "filijala", "komitent", "納品先", "お届け先",
        "收货人", "收货地址", "收件人", "收貨人",
        "배송지", "받는사람", "לקוח", "العميل", "المستلم",
    ),
    Column.UNIT: (
        "unit of measure", "uom", "sales unit", "order unit", "unit", "su", "uom (items)",
        "order lines/unit of measure", "order lines/unit", "jedinica mere", "jed. mere", "jm", "jedinica",
        "јединица мере", "јед. мере", "јм", "јединица",
        "mengeneinheit", "einheit", "vme", "unité", "unidad", "unidade", "unità di misura", "eenheid",
        "enhet", "yksikkö", "jednostka miary", "j.m.", "mennyiségi egység", "měrná jednotka", "mj",
        "merná jednotka", "enota", "unitate de măsură", "birim", "μονάδα", "единица измерения", "ед. изм.",
        "одиниця виміру", "単位", "单位", "單位", "단위",
    ),
    Column.PIECES: (
        "pieces", "pieces per pack", "pieces per unit", "units per pack", "units per case", "qty per pack",
        "quantity per pack", "pack size", "pack quantity", "pack qty", "case quantity", "case size",
        "contents", "factor", "conversion factor", "pcs", "quantity", "qty", "komada u pakovanju",
        "kom u pakovanju", "količina u pakovanju", "komada", "kom", "količina", "sadržaj pakovanja",
        "faktor", "комада у паковању", "комада", "ком", "количина", "stück je packung", "stück pro karton",
        "packungsinhalt", "gebindegröße", "inhalt", "umrechnung", "pièces par colis", "piezas por caja",
        "pezzi per confezione",
    ),
    Column.LEVEL: (
        "level", "pack level", "packaging level", "pack type", "packaging", "pack", "package", "packing",
        "nivo", "nivo pakovanja", "vrsta pakovanja", "pakovanje", "ниво", "ниво паковања", "паковање",
        "verpackungsebene", "verpackung", "gebinde", "niveau", "nivel", "livello",
    ),
    Column.LOCATION: (
        "location", "location code", "location no", "code", "bin", "bin code", "bin location", "shelf",
        "slot", "place", "storage location", "storage bin", "lokacija", "šifra lokacije", "oznaka lokacije",
        "šifra", "mesto", "polica", "локација", "шифра локације", "ознака локације", "шифра", "полица",
        "lagerplatz", "platz", "fach", "emplacement", "ubicación", "ubicazione", "lokalizacja", "umístění",
        "tárolóhely",
    ),
    Column.ZONE: (
        "zone", "area", "section", "department", "warehouse", "zona", "oblast", "sektor", "magacin", "зона",
        "област", "сектор", "магацин", "bereich", "lagerbereich", "zóna", "strefa",
    ),
    Column.AISLE: (
        "aisle", "row", "lane", "rack", "prolaz", "red", "regal", "hodnik", "пролаз", "ред", "регал", "gang",
        "reihe", "allée", "pasillo", "corsia", "ulička", "alejka", "sor",
    ),
    Column.SEQUENCE: (
        "sequence", "sequence no", "walk sequence", "pick sequence", "picking sequence", "pick order",
        "walk order", "sort order", "order", "position", "no", "redosled", "redosled obilaska", "redni broj",
        "rb", "poredak", "редослед", "редни број", "рб", "reihenfolge", "laufweg", "wegfolge", "ordre",
        "orden", "ordine", "kolejność", "pořadí", "sorrend",
    ),
}  # fmt: skip


class ColumnsNotFound(UnreadableFile):
    """The header lacks a column that is needed, or names one twice. `found` is how many of them it has all
    the same, of `columns` in all."""

    def __init__(self, message: str, found: int = 0, columns: int = 0) -> None:
        super().__init__(message)
        self.found = found
        self.columns = columns


def normalise(name: str) -> str:
    """Return a column name without what people write differently: case, accents, blanks, punctuation."""
    # đ has no decomposition, and people without its key write it as d or dj; ı is the small I of Turkish.
    folded = name.casefold().replace("đ", "d").replace("dj", "d").replace("ı", "i")
    decomposed = unicodedata.normalize("NFKD", folded)
    return re.sub(r"[\W_]+", "", "".join(c for c in decomposed if not unicodedata.combining(c)))


_ORDER_NAMES = frozenset(map(normalise, (*OF_THE_ORDER, *SYNONYMS[Column.DESTINATION])))
_MEASURE_NAMES = frozenset(map(normalise, MEASURES))
_OF_LINES = (Column.SKU, Column.QUANTITY, Column.DESCRIPTION, Column.BARCODE, Column.UNIT)
_LINE_NAMES = frozenset(
    map(normalise, (*OF_THE_LINE, *(name for column in _OF_LINES for name in SYNONYMS[column])))
)
# The names as they are written: a code page that makes one of them of a header has read it rightly.
HEADER_WORDS = frozenset(name.casefold() for names in SYNONYMS.values() for name in names)
_RANKS: dict[Column, dict[str, int]] = {
    column: {normalise(name): rank for rank, name in reversed(list(enumerate(names)))}
    for column, names in SYNONYMS.items()
}


def recognise(
    header: Sequence[str], mapping: Mapped | None = None, subject: Subject = Subject.ORDERS
) -> Layout:
    """Return where each meaning stands; raise `ColumnsNotFound` with what was found and expected."""
    names = [name.strip() for name in header]
    if len(names) > _MAX_COLUMNS:
        raise UnreadableFile(f"The header has {len(names):,} columns; at most {_MAX_COLUMNS:,} make sense.")
    try:
        return _recognised(names, mapping or {}, subject)
    except ColumnsNotFound as error:
        error.names = _all_names(names)
        raise


def _all_names(names: Sequence[str]) -> list[str]:
    return [printable(name)[:_MAX_NAME] for name in names if name][:_MAX_NAMES]


def _recognised(names: Sequence[str], mapping: Mapped, subject: Subject) -> Layout:
    columns, required = COLUMNS[subject], REQUIRED[subject]
    positions = _mapped(names, {column: name for column, name in mapping.items() if column in columns})
    taken = set(positions.values())
    keys = [normalise(name) for name in names]
    for column in columns:
        if column not in positions:
            found = _best(names, keys, column, taken)
            if found is not None:
                positions[column] = found
                taken.add(found)
    missing = [column for column in required if column not in positions]
    if subject is not Subject.ORDERS and not missing and len(positions) == 1:
        # A title above the table may be the name of a column.
        missing = [column for column in columns if column not in positions][:1]
    if missing:
        free = next((name for i, name in enumerate(names) if name and i not in taken), "NAME")
        raise ColumnsNotFound(_missing_message(names, missing, free), len(positions), len(names))
    ordered = {column: positions[column] for column in columns if column in positions}
    return Layout(
        subject=subject,
        positions=ordered,
        names={column: printable(names[position]) for column, position in ordered.items()},
        width=len(names),
        order_level=_places(names, _ORDER_NAMES, ordered, (Column.DESTINATION,)),
        line_level=_places(names, _LINE_NAMES, ordered, _OF_LINES),
        measured=_places(names, _MEASURE_NAMES, ordered, ()),
        unused=[printable(name)[:64] for i, name in enumerate(names) if i not in taken and name][:50],
        all_names=_all_names(names),
    )


def _places(
    names: Sequence[str], known: Container[str], positions: Mapping[Column, int], of: Sequence[Column]
) -> list[int]:
    """Return where columns of one kind stand: those with a meaning by that, the others by their names."""
    meaning = {position: column for column, position in positions.items()}
    return [
        i
        for i, name in enumerate(names)
        if (meaning[i] in of if i in meaning else bool(name) and normalise(name) in known)
    ]


def _mapped(names: Sequence[str], mapping: Mapped) -> dict[Column, int]:
    alone = {column: name for column, name in mapping.items() if isinstance(name, str)}
    positions = {column: _find(names, column, name) for column, name in alone.items()}
    if len(set(positions.values())) < len(positions):
        raise ColumnsNotFound("The mapping gives one column of the file two meanings. Give each its own.")
    taken = set(positions.values())
    free = {normalise(name) for i, name in enumerate(names) if i not in taken}
    for column, alternatives in mapping.items():
        there = next((name for name in alternatives if normalise(name) in free), None)
        if column not in alone and there is not None:
            positions[column] = _find(names, column, there)
            free.remove(normalise(there))
    return positions


def _find(names: Sequence[str], column: Column, wanted: str) -> int:
    exact = [i for i, name in enumerate(names) if name == wanted.strip()]
    found = exact or [i for i, name in enumerate(names) if name and normalise(name) == normalise(wanted)]
    if not found:
        raise ColumnsNotFound(
            f"The mapping looks for the {column.value} in the column {wanted!r}, which the file lacks. "
            f"Its columns are: {_listed(names)}."
        )
    if len(found) > 1:
        raise ColumnsNotFound(f"The file has {len(found)} columns named {wanted!r}. Rename all but one.")
    return found[0]


def _best(names: Sequence[str], keys: Sequence[str], column: Column, taken: set[int]) -> int | None:
    ranks = _RANKS[column]
    found = sorted((ranks[key], i) for i, key in enumerate(keys) if i not in taken and key in ranks)
    if len(found) > 1 and found[0][0] == found[1][0]:
        raise ColumnsNotFound(
            f"Two columns are named {names[found[0][1]]!r}, and either could be the {column.value}. "
            "Rename one of them, or give a mapping."
        )
    return found[0][1] if found else None


def _missing_message(names: Sequence[str], missing: Sequence[Column], free: str) -> str:
    wanted = "; ".join(f"{column.value} (for example {_examples(column)})" for column in missing)
    return (
        f"The header lacks {wanted}. Its columns are: {_listed(names)}. "
        f"Rename the columns, or give a mapping such as {missing[0].value}={free!r}."
    )


def _examples(column: Column) -> str:
    return ", ".join(SYNONYMS[column][:3])


def _listed(names: Sequence[str]) -> str:
    shown = [repr(name[:40]) for name in names[:30] if name]
    more = f" and {len(names) - 30} more" if len(names) > 30 else ""
    return (", ".join(shown) or "none") + more
