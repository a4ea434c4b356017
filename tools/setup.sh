#!/bin/sh
# Finds a Python that fits and lets tools/environment.py make or mend .venv with it.
# PYTHON, when set, names the one to use. Prints nothing when everything is ready.
cd "$(dirname "$0")/.." || exit 1
fits='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))'
number='import sys; print(".".join(map(str, sys.version_info[:3])))'
found=''

note() {
    found="$found    $*
"
}

# Becomes tools/environment.py, or notes why this Python cannot.
try() {
    version=$("$1" -c "$number" 2>/dev/null) || return 0
    if ! "$1" -c "$fits" >/dev/null 2>&1; then
        note "$1 is Python $version"
    elif ! "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        note "$1 is Python $version without its venv module" \
             "(on Debian and Ubuntu: sudo apt install python${version%.*}-venv)"
    else
        exec "$1" tools/environment.py
    fi
}

if [ -n "$PYTHON" ]; then
    try "$PYTHON"
    [ -n "$found" ] || note "$PYTHON does not run"
else
    for python in .venv/bin/python python3 python3.14 python3.13 python3.12 python3.11; do
        try "$python"
    done
    [ -n "$found" ] || note "no Python at all"
fi

cat >&2 <<END
This course needs Python 3.11, 3.12, 3.13 or 3.14. Found:
${found}Name another one like this:    make book PYTHON=/path/to/python3.12
Python itself is at https://www.python.org/downloads/
END
exit 1
