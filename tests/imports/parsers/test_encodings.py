"""Short tables of orders in many languages and code pages, and whether their encoding is recognised."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from magacin.imports.parsers.columns import HEADER_WORDS
from magacin.imports.parsers.guessing import close, readings

# Of each language: its code pages, the columns in its own words, what is ordered and by whom.
LANGUAGES: dict[str, tuple[str, str, str]] = {
    "sr-Latn": (
        "cp1250 iso8859-2 cp852",
        "Broj naloga;Šifra;Količina;Naziv;Kupac",
        "Čaša žuta | Prodavnica Čačak; "
        "Ćebe đačko | Šabac; "
        "Žica čelična 2 mm | Požarevac; "
        "Kišobran | Niš; "
        "Mašina za šivenje | Zaječar; "
        "Đevrek | Vršac; "
        "Ključ 13 | Lučani",
    ),
    "sr-Cyrl": (
        "cp1251 iso8859-5 cp855 mac-cyrillic",
        "Број налога;Шифра;Количина;Назив;Купац",
        "Чаша жута | Продавница Чачак; "
        "Ћебе ђачко | Шабац; "
        "Жица челична | Пожаревац; "
        "Кишобран | Ниш; "
        "Кључ | Лозница; "
        "Шраф | Ћуприја; "
        "Џем од шљива | Врање",
    ),
    "pl": (
        "cp1250 iso8859-2 cp852",
        "Numer zamówienia;Kod towaru;Ilość;Nazwa;Odbiorca",
        "Żółta łódź | Łódź; "
        "Śruba krótka | Świdnica; "
        "Książka w języku polskim | Kraków; "
        "Gwóźdź | Toruń; "
        "Młotek | Gdańsk; "
        "Wkrętak płaski | Poznań; "
        "Nożyce | Wrocław",
    ),
    "hu": (
        "cp1250 iso8859-2 cp852",
        "Rendelésszám;Cikkszám;Mennyiség;Megnevezés;Vevő",
        "Fűrész | Győr; "
        "Tűzőgép | Szekszárd; "
        "Bőrönd kék | Hódmezővásárhely; "
        "Körző | Pécs; "
        "Kalapács | Székesfehérvár; "
        "Csavarhúzó | Debrecen; "
        "Gőzölő | Nyíregyháza; "
        "Füzet | Kőszeg",
    ),
    "cs": (
        "cp1250 iso8859-2 cp852",
        "Číslo objednávky;Kód zboží;Množství;Název;Zákazník",
        "Žlutý kůň | Plzeň; "
        "Šroub krátký | Ústí nad Labem; "
        "Řetěz | České Budějovice; "
        "Kladivo těžké | Jihlava; "
        "Hřebík | Olomouc; "
        "Nůžky | Třebíč",
    ),
    "de": (
        "cp1252 iso8859-15 cp850 cp437 mac-roman",
        "Bestellnummer;Artikelnummer;Stückzahl;Bezeichnung;Empfänger",
        "Große Schlüsselanhänger | Köln; "
        "Türgriff | München; "
        "Kühlschrank weiß | Düsseldorf; "
        "Öllampe | Würzburg; "
        "Schraubenschlüssel | Lübeck; "
        "Gießkanne | Nürnberg; "
        "Möbelgriff | Saarbrücken",
    ),
    "fr": (
        "cp1252 cp850 mac-roman",
        "Numéro de commande;Référence;Quantité;Désignation;Client",
        "Théière émaillée | Orléans; "
        "Boîte à café | Besançon; "
        "Pêche | Nîmes; "
        "Clé à molette | Béziers; "
        "Tournevis décoré | Sète; "
        "Crème brûlée | Angoulême",
    ),
    "es": (
        "cp1252 cp850 mac-roman",
        "Número de pedido;Código;Cantidad;Descripción;Cliente",
        "Niño pequeño | Logroño; "
        "Cañería | A Coruña; "
        "Sartén | Cádiz; "
        "Lámpara | León; "
        "Cuchillo de montaña | Málaga",
    ),
    "tr": (
        "cp1254 iso8859-9 cp857",
        "Sipariş no;Ürün kodu;Miktar;Açıklama;Müşteri",
        "Küçük çay bardağı | Eskişehir; "
        "Işık | Kırıkkale; "
        "Şeker | Iğdır; "
        "Çekiç | İstanbul; "
        "Tornavida düz | Muğla; "
        "Ağaç testeresi | Çanakkale",
    ),
    "el": (
        "cp1253 iso8859-7 cp737",
        "Αριθμός παραγγελίας;Κωδικός;Ποσότητα;Περιγραφή;Πελάτης",
        "Καφές μεγάλος | Αθήνα; "
        "Ποτήρι κρασιού | Θεσσαλονίκη; "
        "Άλατι | Ηράκλειο; "
        "Σφυρί | Πάτρα; "
        "Κατσαβίδι μικρό | Λάρισα; "
        "Έλαιο | Βόλος",
    ),
    "ru": (
        "cp1251 koi8-r cp866 iso8859-5 mac-cyrillic",
        "Номер заказа;Артикул;Количество;Наименование;Покупатель",
        "Чашка жёлтая | Москва; "
        "Гвоздь строительный | Нижний Новгород; "
        "Ящик | Щёлково; "
        "Молоток | Казань; "
        "Отвёртка | Санкт-Петербург; "
        "Ножницы | Ярославль",
    ),
    "bg": (
        "cp1251",
        "Номер на поръчка;Код;Количество;Наименование;Клиент",
        "Жълта чаша | Пловдив; Чук | Стара Загора; Отвертка | София; Лъжица | Русе",
    ),
    "uk": (
        "cp1251 koi8-u",
        "Номер замовлення;Артикул;Кількість;Назва;Покупець",
        "Жовта чашка | Київ; "
        "Цвях | Львів; "
        "Їжак | Чернівці; "
        "Молоток важкий | Одеса; "
        "Ключ гайковий | Запоріжжя",
    ),
    "ro": (
        "cp1250",
        "Număr comandă;Cod articol;Cantitate;Denumire;Client",
        "Cană galbenă | Timişoara; "
        "Furculiţă | Iaşi; "
        "Pâine | Braşov; "
        "Cheie franceză | Constanţa; "
        "Şurub | Bucureşti; "
        "Foarfecă | Piteşti",
    ),
    "ja": (
        "cp932 euc_jp",
        "注文番号;商品コード;数量;商品名;顧客名",
        "日本語のコップ | 東京支店; "
        "ボールペン赤 | 大阪倉庫; "
        "電池 | 札幌店; "
        "ハンマー | 名古屋店; "
        "赤い鉛筆 | 福岡倉庫; "
        "工具箱 | 仙台支店",
    ),
    "zh-Hans": (
        "gb18030",
        "订单号;商品编码;数量;商品名称;客户",
        "黄色的杯子 | 北京分店; 圆珠笔 | 上海仓库; 铁锤 | 广州仓库; 螺丝刀 | 深圳分店",
    ),
    "zh-Hant": (
        "big5",
        "訂單編號;商品代碼;數量;商品名稱;客戶",
        "黃色的杯子 | 臺北分店; 原子筆 | 高雄倉庫; 鐵鎚 | 臺中分店; 螺絲起子 | 臺南倉庫",
    ),
    "ko": (
        "cp949",
        "주문번호;상품코드;수량;상품명;고객",
        "노란색 컵 | 서울 지점; 볼펜 | 부산 창고; 망치 | 인천 지점; 드라이버 | 대구 창고",
    ),
    "sl": (
        "cp1250 cp852",
        "Številka naročila;Šifra;Količina;Naziv;Kupec",
        "Žlica čajna | Škofja Loka; Vijak | Črnomelj; Ključ | Šentjur; Škarje | Žalec",
    ),
    "da": (
        "cp1252 cp850",
        "Ordrenummer;Varenummer;Antal;Beskrivelse;Kunde",
        "Rød stol | København; "
        "Blå æske | Ålborg; "
        "Grøn lampe | Rønne; "
        "Sømpistol | Næstved; "
        "Skærebræt | Hillerød; "
        "Nøgle | Århus",
    ),
    "sv": (
        "cp1252",
        "Ordernummer;Artikelnummer;Antal;Benämning;Kund",
        "Grön låda | Malmö; Äppelmust | Örebro; Hammare röd | Göteborg; Sågblad | Västerås",
    ),
    "he": (
        "cp1255",
        "order no;sku;qty;name;customer",
        "כוס צהובה | תל אביב; עט | ירושלים; פטיש | חיפה",
    ),
    "hr": (
        "cp1250 iso8859-2 cp852",
        "Broj narudžbe;Šifra artikla;Količina;Naziv;Kupac",
        "Čavli 50 mm | Varaždin; Škare | Đakovo",
    ),
    "sk": (
        "cp1250 iso8859-2 cp852",
        "Číslo objednávky;Kód;Množstvo;Názov;Zákazník",
        "Kľúč | Žilina; Stôl | Košice; Vŕtačka | Prešov",
    ),
    "pt": (
        "cp1252 cp850",
        "Número do pedido;Código;Quantidade;Descrição;Cliente",
        "Pão de queijo | São Paulo; Lâmpada | Brasília; Canções | Évora",
    ),
    "it": (
        "cp1252 cp850",
        "Numero ordine;Codice;Quantità;Descrizione;Cliente",
        "Caffè | Forlì; Città blu | Cantù",
    ),
    "lt": (
        "cp1257",
        "Užsakymo numeris;Prekės kodas;Kiekis;Pavadinimas;Klientas",
        "Plaktukas didelis | Šiauliai; Žirklės | Panevėžys",
    ),
}

ENGLISH = "order no;sku;qty;name;customer"
# Where the same words are in two of them nobody could tell, and a person is asked.
_RIGHT_AT_LEAST = 0.95


class Short(NamedTuple):
    """A table as it comes, and the text that was meant."""

    name: str
    content: bytes
    text: str


def tables() -> Iterator[Short]:
    """Make tables of one row and of all of each language, under each header."""
    for language, (pages, own, words) in LANGUAGES.items():
        rows = [row.split(" | ") for row in words.split("; ")]
        for header in {ENGLISH, own}:
            for some in (rows[:1], rows):
                lines = [f"E-{i};A{i};2;{name};{customer}" for i, (name, customer) in enumerate(some)]
                text = "\r\n".join([header, *lines, ""])
                for page in pages.split():
                    yield Short(f"{language} in {page}: {some[0][0]}", text.encode(page), text)


def test_nearly_all_are_read_rightly_and_none_wrongly_without_a_question() -> None:
    found = {"right": 0, "asked": 0}
    wrong = []
    for name, content, text in tables():
        possible = close(readings(content, HEADER_WORDS))
        if len(possible) > 1:
            found["asked"] += 1
        elif possible[0].text == text:
            found["right"] += 1
        else:
            wrong.append((name, possible[0].codec))
    assert wrong == []
    assert found["right"] >= _RIGHT_AT_LEAST * sum(found.values()), found
    assert sum(found.values()) > 250


def test_without_known_names_of_columns_still_none_is_read_wrongly() -> None:
    wrong = []
    for name, content, text in islice(tables(), None, None, 3):
        possible = close(readings(content, ()))
        if len(possible) == 1 and possible[0].text != text:
            wrong.append((name, possible[0].codec))
    assert wrong == []
