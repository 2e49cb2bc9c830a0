"""What the other columns of order files are about, by their names: an order, one of its lines, or a measure.

Names are compared as those of columns with a meaning are: without case, accents, blanks and punctuation.
"""

from __future__ import annotations

# What is said once of an order, and not of each of its lines, beside where it goes.
OF_THE_ORDER = (
    "date", "order date", "created", "created at", "due date", "delivery date", "ship date", "order status",
    "customer no", "customer number", "customer id", "customer code", "address", "city", "postcode", "zip",
    "phone", "email", "e-mail", "contact", "payment", "payment status", "payment method",
    "grand total", "order total", "billing name", "billing address", "shipping name", "shipping address",
    "salesperson", "partner", "buyer", "company",
    "datum", "datum naloga", "datum narudžbe", "rok", "rok isporuke", "adresa", "mesto", "mjesto", "grad",
    "telefon", "status naloga", "filijala", "partner", "poslovna jedinica", "komitent", "kontakt",
    "датум", "рок", "адреса", "место", "град", "филијала",
    "kundennummer", "kundennr", "adresse", "anschrift", "ort", "plz", "lieferdatum", "bestelldatum",
    "date de commande", "ville", "fecha", "dirección", "ciudad", "data", "indirizzo", "città", "miasto",
    "dátum", "cím", "město", "oras", "tarih", "şehir", "ημερομηνία", "дата", "адрес", "город", "місто",
)  # fmt: skip

# What is measured or paid: numbers with decimals that show which sign the file has.
MEASURES = (
    "price", "unit price", "net price", "gross price", "price each", "net", "gross", "cost", "unit cost",
    "value", "amount", "sum", "total", "line total", "subtotal", "discount", "tax", "vat", "vat amount",
    "weight", "net weight", "gross weight", "volume", "lineitem price", "rate", "length", "width", "height",
    "cena", "cijena", "iznos", "vrednost", "vrijednost", "ukupno", "rabat", "popust", "pdv", "porez", "masa",
    "težina", "neto", "bruto", "jedinična cena", "цена", "износ", "вредност", "укупно", "маса",
    "preis", "einzelpreis", "stückpreis", "gesamtpreis", "betrag", "summe", "wert", "gewicht", "mwst",
    "prix", "prix unitaire", "montant", "poids", "precio", "importe", "peso", "preço", "valor", "prezzo",
    "importo", "prijs", "bedrag", "pris", "belopp", "hinta", "cena netto", "cena brutto", "wartość", "kwota",
    "ár", "egységár", "érték", "súly", "částka", "hmotnost", "hmotnosť", "suma", "preț", "valoare",
    "fiyat", "birim fiyat", "tutar", "ağırlık", "τιμή", "αξία", "ποσό", "стоимость", "сумма", "вес", "ціна",
    "сума", "вага", "стойност", "тегло", "単価", "金額", "価格", "单价", "金额",
    "價格", "단가", "금액",
)  # fmt: skip

# What else is said of each line.
OF_THE_LINE = (
    *MEASURES,
    "line", "line no", "line number", "line id", "item", "pos", "position", "row", "row no", "no", "nr", "#",
    "rb", "r.br.", "redni broj", "ред. бр.", "рб", "stavka", "lfd. nr.", "zeile", "ligne", "lp", "l.p.", "č.",
    "unit", "units", "uom", "unit of measure", "measure", "um", "jm", "j.m.", "jedinica mere",
    "јединица мере", "јм", "jedinica", "me", "mengeneinheit", "einheit", "unité", "unidad", "unità", "j.m",
    "mértékegység", "mj", "birim", "ед. изм.", "ед.", "од.", "мярка", "単位", "单位", "單位", "단위",
    "colour", "color", "boja", "боја", "farbe", "couleur", "kolor", "szín", "barva", "farba", "renk", "цвет",
    "size", "veličina", "величина", "größe", "grösse", "taille", "talla", "taglia", "rozmiar", "méret",
    "velikost", "beden", "размер", "variant", "variant title", "model", "type", "tip", "brand", "marka",
    "manufacturer", "proizvođač", "supplier", "category", "kategorija", "group", "grupa", "pack", "package",
    "pakovanje", "lot", "batch", "serija", "serial", "expiry", "expiry date", "rok trajanja",
    "location", "shelf", "bin", "lokacija", "polica", "lagerplatz", "warehouse",
)  # fmt: skip

# What stands in front of a sum, or for it in place of an article.
TOTALS = (
    "total", "totals", "subtotal", "sub total", "grand total", "order total", "sum", "sums", "summary",
    "ukupno", "sveukupno", "svega", "zbir", "zbroj", "međuzbir", "međuzbroj", "suma", "skupaj", "vsota",
    "укупно", "свега", "збир", "сума", "вкупно",
    "summe", "gesamt", "gesamtsumme", "gesamtmenge", "zwischensumme", "insgesamt", "total général",
    "sous-total", "somme", "totale", "subtotale", "somma", "totaal", "totalt", "yhteensä", "i alt",
    "razem", "ogółem", "łącznie", "összesen", "celkem", "celkom", "spolu", "součet", "mezisoučet",
    "toplam", "genel toplam", "ara toplam", "σύνολο", "итого", "всего", "сумма", "разом", "усього",
    "всього", "общо", "合計", "小計", "総計", "合计", "小计", "总计", "總計", "합계", "소계", "총계",
)  # fmt: skip
