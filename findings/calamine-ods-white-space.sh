#!/usr/bin/env bash
# python-calamine 0.9.1 refuses an ODS in which there is white space between the cells of a row.
#
# The content of table:table-row is elements alone (OpenDocument 1.3, part 3, 9.1.3), so blanks and line ends
# between them mean nothing, and an indented content.xml is as good as any other. SheetJS 0.18.5 writes one.
# calamine 0.9.1: CalamineError "Expecting 'table-cell', found 'Text(…)'". Without the white space it reads the file.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
cd "$folder"
python3 -m venv python
python/bin/pip install --quiet --disable-pip-version-check python-calamine==0.9.1
npm install --silent --no-audit --no-fund --ignore-scripts xlsx@0.18.5 >/dev/null

cat >write.js <<'JS'
const XLSX = require("xlsx");
const book = XLSX.utils.book_new();
XLSX.utils.book_append_sheet(book, XLSX.utils.aoa_to_sheet([["order", "sku"], ["A-1", "CUP"]]), "Orders");
XLSX.writeFile(book, "indented.ods");
JS
cat >read.py <<'PY'
import re, zipfile
import python_calamine

with zipfile.ZipFile("indented.ods") as source, zipfile.ZipFile("flat.ods", "w") as target:
    for part in source.infolist():
        content = source.read(part)
        if part.filename == "content.xml":
            content = re.sub(rb">\s+<", b"><", content)
        target.writestr(part.filename, content)
for name in ("indented.ods", "flat.ods"):
    try:
        print(name, python_calamine.CalamineWorkbook.from_path(name).get_sheet_by_index(0).to_python())
    except python_calamine.CalamineError as error:
        print(name, type(error).__name__, re.sub(r"found 'Text.*", "found 'Text…", str(error), flags=re.S))
PY
node write.js
python/bin/python read.py | tee seen
diff seen - <<'SEEN'
indented.ods CalamineError Expecting 'table-cell', found 'Text…
flat.ods [['order', 'sku'], ['A-1', 'CUP']]
SEEN
