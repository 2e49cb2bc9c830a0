#!/usr/bin/env bash
# openpyxl 3.1.5 and PyExcelerate 0.13.0 write the text "BOX_x0041_" so that it means "BOXA" in an XLSX file.
#
# In shared and inline strings `_xHHHH_` stands for a character (ECMA-376 part 1, 22.9.2.19, ST_Xstring), and a writer
# has to write an underscore that would begin such a sequence as `_x005F_`. XlsxWriter 3.2.9 does. With the two others
# an article number of this form is another one as soon as a program reads the file by the standard.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check openpyxl==3.1.5 PyExcelerate==0.13.0 XlsxWriter==3.2.9 2>/dev/null

cat >write.py <<'PY'
import re
import zipfile

import openpyxl
import pyexcelerate
import xlsxwriter

TEXT = "BOX_x0041_"
book = openpyxl.Workbook()
book.active.append([TEXT])
book.save("openpyxl.xlsx")
book = pyexcelerate.Workbook()
book.new_sheet("Orders", data=[[TEXT]])
book.save("pyexcelerate.xlsx")
book = xlsxwriter.Workbook("xlsxwriter.xlsx")
book.add_worksheet().write_string(0, 0, TEXT)
book.close()
for name in ("openpyxl", "pyexcelerate", "xlsxwriter"):
    with zipfile.ZipFile(f"{name}.xlsx") as archive:
        parts = [archive.read(part).decode() for part in archive.namelist() if part.endswith(".xml")]
    print(name, *re.findall(r"BOX\w+", " ".join(parts)))
PY
venv/bin/python write.py | tee seen
diff seen - <<'SEEN'
openpyxl BOX_x0041_
pyexcelerate BOX_x0041_
xlsxwriter BOX_x005F_x0041_
SEEN
