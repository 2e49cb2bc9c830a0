#!/usr/bin/env bash
# chardet 7.7.0 answers with encodings that are not among those it was limited to.
#
# `include_encodings` takes "big5" and "euc-jp", but the answers are called "big5hkscs" and "euc_jis_2004", the wider
# encodings that it looks for in their place. Whoever keeps only the answers that were asked for, or looks their
# weight up by name, throws away every Chinese and Japanese file of these kinds and takes the second best.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check chardet==7.7.0 2>/dev/null

cat >names.py <<'PY'
import chardet

for asked, text in {"big5": "工作手套", "euc-jp": "作業用手袋のセット"}.items():
    answers = chardet.detect_all(
        text.encode(asked), ignore_threshold=True, compat_names=False, include_encodings=[asked]
    )
    print(asked, "->", sorted({str(answer["encoding"]) for answer in answers}))
PY
venv/bin/python names.py | tee seen
diff seen - <<'SEEN'
big5 -> ['big5hkscs']
euc-jp -> ['euc_jis_2004']
SEEN
