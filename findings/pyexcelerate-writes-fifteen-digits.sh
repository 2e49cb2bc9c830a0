#!/usr/bin/env bash
# PyExcelerate 0.13.0 writes a whole number of 16 digits with 15 of them, and no error.
#
# Such numbers are exact in a cell up to 2^53 = 9007199254740992, and openpyxl 3.1.5 writes all of them. Order numbers
# that differ in the last digit become one order.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check openpyxl==3.1.5 PyExcelerate==0.13.0 2>/dev/null

cat >write.py <<'PY'
import re
import zipfile

import openpyxl
import pyexcelerate

NUMBERS = [8112345678901234, 8112345678901231]
book = openpyxl.Workbook()
book.active.append(NUMBERS)
book.save("openpyxl.xlsx")
book = pyexcelerate.Workbook()
book.new_sheet("Orders", data=[NUMBERS])
book.save("pyexcelerate.xlsx")
for name in ("openpyxl", "pyexcelerate"):
    with zipfile.ZipFile(f"{name}.xlsx") as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    print(name, *re.findall(r"<v>([^<]*)</v>", sheet))
PY
venv/bin/python write.py | tee seen
diff seen - <<'SEEN'
openpyxl 8112345678901234 8112345678901231
pyexcelerate 8.11234567890123e+15 8.11234567890123e+15
SEEN
