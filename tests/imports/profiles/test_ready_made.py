"""Each ready-made profile on a file of the shape that it is for."""

from __future__ import annotations

from pathlib import Path

import pytest

from magacin.contracts.imports import ReadingOptions
from magacin.contracts.order_files import Column
from magacin.imports.dry_run import DryRun, dry_run
from magacin.imports.profiles.ready_made import ready_made

Lines = list[tuple[str, str, int]]

SHOPIFY = """\
Name,Email,Financial Status,Fulfillment Status,Currency,Subtotal,Total,Lineitem quantity,Lineitem name,\
Lineitem price,Lineitem sku,Billing Name,Shipping Name,Shipping Zip,Vendor
#1001,ana@example.com,paid,unfulfilled,EUR,30.00,35.00,2,"Mug, blue",10.00,MUG-B,Ana A.,Ana Anić,'11000,Clay
#1001,ana@example.com,,,,,,1,Lid,10.00,LID,,,,Clay
#1002,ivo@example.com,paid,unfulfilled,EUR,10.00,12.00,1,Mug,10.00,00123,Ivo I.,Ivo Ivić,'21000,Clay
"""
WOOCOMMERCE = """\
Order Number,Order Status,Order Date,First Name (Billing),Email (Billing),Company (Shipping),\
Last Name (Shipping),Order Total Amount,SKU,Item #,Item Name,Quantity (- Refund),Item Cost
731,Processing,2026-11-02 10:11,Ana,ana@example.com,Shop 1,Anić,31.5,MUG-B,1,Mug blue,2,10.5
731,Processing,2026-11-02 10:11,Ana,ana@example.com,Shop 1,Anić,31.5,LID,2,Lid,1,10.5
732,Processing,2026-11-02 11:00,Ivo,ivo@example.com,,Ivić,10.5,00123,1,Mug,1,10.5
"""
WOOCOMMERCE_ITEMS = """\
order_id,order_number_formatted,order_number,date,status,shipping_company,order_total,item_id,item_product_id,item_name,\
item_sku,item_quantity,item_total
9001,731,731,2026-11-02,processing,Shop 1,31.50,5,77,Mug blue,MUG-B,2,21.00
9001,731,731,2026-11-02,processing,Shop 1,31.50,6,78,Lid,LID,1,10.50
9002,732,732,2026-11-02,processing,,10.50,7,79,Mug,00123,1,10.50
"""
AMAZON = """\
order-id\torder-item-id\tpurchase-date\tbuyer-email\tbuyer-name\tsku\tproduct-name\t\
quantity-purchased\tquantity-shipped\tquantity-to-ship\trecipient-name\tship-country
302-1\t05813\t2026-11-02T10:11:00+01:00\tx@amazon.example\tAna\tMUG-B\tTasse 12" blau\t3\t1\t2\tAna Anić\tDE
302-1\t05814\t2026-11-02T10:11:00+01:00\tx@amazon.example\tAna\tLID\tDeckel\t1\t0\t1\tAna Anić\tDE
\t\t\t\t\t\t\t\t\t\t\t
302-2\t05815\t2026-11-02T11:00:00+01:00\ty@amazon.example\tIvo\t00123\tTasse 9"\t1\t0\t1\tIvo Ivić\tDE
"""
ODOO = """\
"Order Reference","Customer","Order Date","Order Lines/Product/Internal Reference","Order Lines/Product",\
"Order Lines/Quantity","Order Lines/Unit of Measure"
"S00031","Shop 1","2026-11-02 10:11:00","MUG-B","[MUG-B] Mug (blue)","2.0","Units"
"","","","LID","[LID] Lid","1.0","Units"
"S00032","Shop 2","2026-11-02 11:00:00","00123","[00123] Mug","1.0","Units"
"""
ODOO_FIELDS = """\
"id","name","partner_id","order_line/product_id","order_line/product_uom_qty"
"__export__.sale_order_31","S00031","Shop 1","[MUG-B] Mug (blue)","2.0"
"","","","[LID] Lid","1.0"
"__export__.sale_order_32","S00032","Shop 2","[00123] Mug","1.0"
"""
ERPNEXT = """\
"ID","Customer","Date","Status","ID (Items)","Item Code (Items)","Item Name (Items)","Quantity (Items)",\
"UOM (Items)","Amount (Items)"
"SAL-ORD-2026-00031","Shop 1","2026-11-02","To Deliver","a1b2","MUG-B","Mug, blue","2.0","Nos","20.0"
"","","","","a1b3","LID","Lid","1.0","Nos","10.0"
"SAL-ORD-2026-00032","Shop 2","2026-11-02","To Deliver","a1b4","00123","Mug","1.0","Nos","10.0"
"""
MAGENTO = """\
increment_id,created_at,status,grand_total,customer_email,shipping_name,item:sku,item:name,item:qty_ordered,item:qty_shipped
000000031,2026-11-02,processing,31.5000,ana@example.com,Ana,MUG-B,Mug blue,2.0000,0.0000
000000031,2026-11-02,processing,31.5000,ana@example.com,Ana,LID,Lid,1.0000,0.0000
000000032,2026-11-02,processing,10.5000,ivo@example.com,Ivo,00123,Mug,1.0000,0.0000
"""
SAP = """\
02.11.2026                                Dynamische Listenausgabe                               1

--------------------------------------------------------------------------
|Verkaufsbeleg|Pos|Material|Bezeichnung      |  Auftragsmenge|VME|Auftraggeber|
--------------------------------------------------------------------------
|   4500000031| 10|MUG-B   |Tasse blau       |          2,000|ST |Shop 1      |
|   4500000031| 20|LID     |Deckel           |      1.000,000|ST |Shop 1      |
|   4500000032| 10|00123   |Tasse            |          1,000|ST |Shop 2      |
--------------------------------------------------------------------------
"""
SAP_SPREADSHEET = """\
Sales Document\tItem\tMaterial\tDescription\tOrder Quantity\tSales Unit\tSold-to Party\tNet Value
4500000031\t10\tMUG-B\tMug blue\t2,000\tPC\tShop 1\t20,00
4500000031\t20\tLID\tLid\t1.000,000\tPC\tShop 1\t10,00
4500000032\t10\t00123\tMug\t1,000\tPC\tShop 2\t10,00
"""


def read(tmp_path: Path, content: str, profile: str, more: ReadingOptions | None = None) -> DryRun:
    path = tmp_path / "orders.txt"
    path.write_text(content, encoding="utf-8")
    options = ready_made()[profile].overridden(more or ReadingOptions())
    return dry_run(path, path.name, options, partial=False, profile=profile)


def lines(run: DryRun) -> Lines:
    return [(row.requisition, row.sku, row.quantity) for row in run.content.rows]


@pytest.mark.parametrize(
    ("profile", "content", "numbers", "lids"),
    [
        ("shopify", SHOPIFY, ("#1001", "#1002"), 1),
        ("woocommerce", WOOCOMMERCE, ("731", "732"), 1),
        ("woocommerce", WOOCOMMERCE_ITEMS, ("731", "732"), 1),
        ("amazon", AMAZON, ("302-1", "302-2"), 1),
        ("odoo", ODOO, ("S00031", "S00032"), 1),
        ("odoo", ODOO_FIELDS, ("S00031", "S00032"), 1),
        ("erpnext", ERPNEXT, ("SAL-ORD-2026-00031", "SAL-ORD-2026-00032"), 1),
        ("magento", MAGENTO, ("000000031", "000000032"), 1),
        ("sap", SAP, ("4500000031", "4500000032"), 1000),
        ("sap", SAP_SPREADSHEET, ("4500000031", "4500000032"), 1000),
    ],
)
def test_reads_what_is_meant(
    tmp_path: Path, profile: str, content: str, numbers: tuple[str, str], lids: int
) -> None:
    run = read(tmp_path, content, profile)
    assert run.content.rejects == []
    one, two = numbers
    assert lines(run) == [(one, "MUG-B", 2), (one, "LID", lids), (two, "00123", 1)]
    assert run.profile == profile
    assert run.content.rows[0].destination


def test_what_is_said_goes_before_what_the_profile_says(tmp_path: Path) -> None:
    more = ReadingOptions(decimal=".", mapping={Column.DESTINATION: "Sales Unit"})
    run = read(tmp_path, SAP_SPREADSHEET, "sap", more)
    assert [(row.quantity, row.destination) for row in run.content.rows] == [
        (2000, "PC"),
        (1000, "PC"),
        (1000, "PC"),
    ]
