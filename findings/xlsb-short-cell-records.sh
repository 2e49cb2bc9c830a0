#!/usr/bin/env bash
# Two readers of XLSB lose cells of a workbook that SheetJS wrote, and report no error.
#
# SheetJS 0.18.5 writes the short forms of cell records ([MS-XLSB] 2.4: BrtShortRk, BrtShortReal, BrtShortIsst and
# so on), which leave the column out: a cell stands one to the right of the one before it. It begins each row with
# a full record and goes on with short ones.
#   python-calamine 0.9.1 returns the first cell of each row and drops the others;
#   pyxlsb 1.0.10 returns the right number of cells, all of them None.
# A list of orders is then read as one column, or as blank, by a program that saw no error. Whoever reads XLSB has
# to count the records it does not know.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
cd "$folder"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check python-calamine==0.9.1 pyxlsb==1.0.10
npm install --silent --no-audit --no-fund --ignore-scripts xlsx@0.18.5 >/dev/null

cat >write.js <<'JS'
const XLSX = require("xlsx");
const sheet = XLSX.utils.aoa_to_sheet([["order", "sku", "quantity"], ["A-1", "CUP", 5]]);
const book = XLSX.utils.book_new();
XLSX.utils.book_append_sheet(book, sheet, "Orders");
XLSX.writeFile(book, "orders.xlsb");
console.log("sheetjs", JSON.stringify(XLSX.utils.sheet_to_json(XLSX.readFile("orders.xlsb").Sheets.Orders, { header: 1 })));
JS
cat >read.py <<'PY'
import python_calamine, pyxlsb

print("calamine", python_calamine.CalamineWorkbook.from_path("orders.xlsb").get_sheet_by_name("Orders").to_python())
with pyxlsb.open_workbook("orders.xlsb") as book, book.get_sheet("Orders") as sheet:
    print("pyxlsb", [[cell.v for cell in row] for row in sheet.rows()])
PY
{ node write.js; python/bin/python read.py; } | tee seen
diff seen - <<'SEEN'
sheetjs [["order","sku","quantity"],["A-1","CUP",5]]
calamine [['order'], ['A-1']]
pyxlsb [[None, None, None], [None, None, None]]
SEEN
