#!/bin/sh
# What pipelines see: JUnit against its schema, annotations escaped, exit codes, event streams; and how many runs a
# wanted precision takes. tests/ci.sh [failsim | its directory]; the last line is "ci: N passed, N failed".
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
bin=${1:-$root/build/failsim}
[ -d "$bin" ] && bin=$bin/failsim
case $bin in /*) ;; *) bin=$PWD/$bin ;; esac
cases=$root/tests/scenarios
work=$(mktemp -d "${TMPDIR:-/tmp}/failsim-ci.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
export LC_ALL=C.UTF-8 TERM=dumb
unset GITHUB_ACTIONS TF_BUILD GITHUB_STEP_SUMMARY

passed=0 failed=0
verdict() { # NAME CONDITION…
    label=$1
    shift
    if "$@" >/dev/null 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "ci: FAILED: $label"
    fi
}
try() { # CODE ARGUMENT…
    want=$1
    shift
    "$bin" "$@" >out 2>err </dev/null
    code=$?
    said="failsim $*"
    verdict "$said: exit $code, not $want" test "$code" = "$want"
}
has() { verdict "$said: $1 lacks \"$2\"" grep -qF -e "$2" "$1"; }
lacks() { verdict "$said: $1 has \"$2\"" sh -c '! grep -qF -e "$1" "$2"' - "$2" "$1"; }
python() { verdict "$said: not so: $1" python3 -c "
import json, xml.etree.ElementTree as ET
$1"; }
valid() {
    if command -v xmllint >/dev/null 2>&1; then
        verdict "$said: $1 is no valid JUnit" xmllint --noout --schema "$root/tests/junit.xsd" "$1"
    else
        echo "xmllint is not here: scripts/setup test installs it"
    fi
}

# --- JUnit ------------------------------------------------------------------------
try 1 run -q "$cases/met.yaml" "$cases/unmet.yaml" "$cases/undecided.yaml" --junit all.xml
valid all.xml
cp all.xml first.xml
try 1 run -q "$cases/met.yaml" "$cases/unmet.yaml" "$cases/undecided.yaml" --junit all.xml -j 2
verdict "JUnit depends on the threads" cmp -s all.xml first.xml
python 'r = ET.parse("all.xml").getroot()
assert r.get("tests") == "3" and r.get("failures") == "1" and r.get("errors") == "1" and r.get("skipped") == "0"
assert [s.get("name") for s in r] == ["Met", "Unmet", "Undecided"]
f = r.find(".//failure"); assert "reproduce: failsim run" in f.text and "measured" in f.get("message")'
try 0 run -q "$cases/undecided.yaml" --junit u.xml --inconclusive pass; valid u.xml
python 'assert ET.parse("u.xml").getroot().find(".//skipped") is not None'
try 1 run -q "$cases/undecided.yaml" --junit u.xml --inconclusive fail; valid u.xml
python 'assert ET.parse("u.xml").getroot().find(".//error") is not None'
try 3 run -q "$cases/undecided.yaml"
try 0 run "$cases/undecided.yaml" --inconclusive pass; has out "INCONCLUSIVE"; has out "exit 0"
# The same scenario twice, two expectations of one text, and settings: all names differ.
try 1 run -q "$cases/met.yaml" "$cases/met.yaml" --junit n.xml --set 'expect=[payments.submitted.max <= 1, payments.submitted.max <= 1]'
valid n.xml
python 'n = [c.get("classname") + c.get("name") for c in ET.parse("n.xml").getroot().iter("testcase")]
assert len(n) == 4 == len(set(n)) and "expect=" in n[0]'
printf 'version: 1\nname: "A <b> & \\"c\\", 100%%: x]; y"\nregions: {active: a, passive: b}\nusers: {rate: 5/s}\nexpect:\n  - {that: payments.submitted.max <= 1, why: "50%% of it, a|b: <i>\\n::error::no"}\nrun: {duration: 5s, replications: 2}\n' >'odd,50%;].yaml'
try 1 run -q 'odd,50%;].yaml' --junit o.xml --markdown o.md; valid o.xml
python 'assert ET.parse("o.xml").getroot()[0].get("name") == "A <b> & \"c\", 100%: x]; y"'
has o.md 'a\|b'; lacks o.md '<i>'
try 4 run -q "$cases/met.yaml" --junit nonesuch/x.xml; has err "No such file"
try 2 run -q "$cases/met.yaml" --inconclusive maybe; has err "pass or fail"
try 2 run -q "$cases/met.yaml" --ci jenkins; has err "github"
try 2 run -q "$cases/met.yaml" --ndjson - --json; has err "only one result"

# --- annotations ----------------------------------------------------------------------
try 1 run -q 'odd,50%;].yaml' --ci github
has out '::error file=odd%2C50%25;].yaml,line=6,title=A <b> & "c"%2C 100%25%3A x]; y::expected'
has out '50%25 of it, a|b: <i>%0A::error::no'
verdict "$said: more than one command" test "$(grep -c '^::' out)" = 1
try 1 run -q 'odd,50%;].yaml' --ci azure
has out '##vso[task.logissue type=error;sourcepath=odd,50%AZP25%3B%5D.yaml;linenumber=6]'
has out '##vso[task.complete result=Failed;]'
try 3 run -q "$cases/undecided.yaml" --ci azure; has out 'type=warning'; has out 'SucceededWithIssues'
try 0 run -q "$cases/met.yaml" --ci azure; lacks out '##vso'
many='expect=[payments.submitted.max <= 0, payments.submitted.max <= 1, payments.submitted.max <= 2, payments.submitted.max <= 3, payments.submitted.max <= 4, payments.submitted.max <= 5, payments.submitted.max <= 6, payments.submitted.max <= 7, payments.submitted.max <= 8, payments.submitted.max <= 9, payments.submitted.max <= 10]'
try 1 run -q "$cases/met.yaml" --ci github --set "$many"
verdict "$said: not ten annotations" test "$(grep -c '^::error' out)" = 10
has out 'and 2 more failed'
try 1 run -q "$cases/unmet.yaml" --ci auto; lacks out '::error'
GITHUB_ACTIONS=true; GITHUB_STEP_SUMMARY=$work/summary.md; export GITHUB_ACTIONS GITHUB_STEP_SUMMARY
echo before >summary.md
try 1 run -q "$cases/unmet.yaml" --ci auto; has out '::error'; has summary.md before; has summary.md 'FAIL: Unmet'
try 1 run -q "$cases/unmet.yaml" --ci auto --json; has err '::error'; python 'json.load(open("out"))'
try 1 run -q "$cases/unmet.yaml"; lacks out '::error'
unset GITHUB_ACTIONS GITHUB_STEP_SUMMARY
TF_BUILD=True; export TF_BUILD
try 1 run -q "$cases/unmet.yaml" --ci auto; has out '##vso'
unset TF_BUILD

# --- events ---------------------------------------------------------------------------------
try 1 run -q "$cases/unmet.yaml" --ndjson one -j 1 -r 25
try 1 run -q "$cases/unmet.yaml" --ndjson two -j 2 -r 25
verdict "events depend on the threads" cmp -s one two
python 'e = [json.loads(l) for l in open("one")]
assert [x["event"] for x in e] == ["study_start", "progress", "progress", "progress", "expectation", "study_end", "end"]
assert [x["runs"] for x in e if x["event"] == "progress"] == [10, 20, 25] and e[-1]["exit"] == 1'
try 1 run -q "$cases/unmet.yaml" -r 25 --json
python 'assert json.load(open("out"))["fingerprint"] == [json.loads(l) for l in open("one")][-2]["fingerprint"]'

# --- precision ----------------------------------------------------------------------------------
precise() { "$bin" run "$cases/met.yaml" --precision 1% --precision-of payments.submitted --precision-of rto.detect.p50 --max-runs 400 --json "$@"; }
precise -j 1 >one 2>err; precise -j 2 >two 2>err
said="--precision"
verdict "the number of runs depends on the threads" cmp -s one two
python 'd = json.load(open("one")); p = d["precision"]
assert 30 <= d["runs"] <= 400 and p["max_runs"] == 400
assert p["reached"] == (d["runs"] < 400) or all(h <= 0.01 for h in p["half_widths"].values())'
runs=$(python3 -c 'import json; print(json.load(open("one"))["runs"])')
"$bin" run "$cases/met.yaml" -r "$runs" --json >fixed 2>err
python 'a = json.load(open("one")); b = json.load(open("fixed")); a.pop("precision")
assert a == b'
"$bin" run "$cases/met.yaml" --precision 20% --precision-of payments.submitted --json >out 2>err
python 'd = json.load(open("out")); assert 30 <= d["runs"] <= 60 and d["precision"]["reached"]'
try 0 run "$cases/met.yaml" --precision 1% --precision-of payments.lost --max-runs 40; has out "not reached in 40 runs"
try 2 run "$cases/met.yaml" --precision 5% -r 10; has err "excludes"
try 2 run "$cases/met.yaml" --precision 5%; has err "precision-of"
try 2 run "$cases/met.yaml" --precision 5; has err "share from"
try 2 run "$cases/met.yaml" --precision 5% --precision-of rto.servce; has err "rto.service"
try 2 run "$cases/met.yaml" --precision 5% --precision-of rto.service.max; has err "no interval"
try 2 run "$cases/met.yaml" --max-runs 50; has err "go with --precision"

# --- Ctrl-C: partial, and said so ------------------------------------------------------------------
cat >interrupt.py <<'PY'
import signal, subprocess, sys, time, xml.etree.ElementTree as ET
program = subprocess.Popen(sys.argv[1:] + ["-r", "1000000", "--ndjson", "live", "--junit", "part.xml", "--markdown", "part.md"],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                           preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
while True:
    assert program.poll() is None
    try:
        if open("live").read():
            break
    except FileNotFoundError:
        pass
    time.sleep(0.01)
program.send_signal(signal.SIGINT)
program.communicate(timeout=120)
assert program.returncode == 130, program.returncode
assert '"partial": true' in open("live").read()
assert "PARTIAL" in open("part.md").read()
assert ET.parse("part.xml").getroot().find(".//error[@type='INTERRUPTED']") is not None
PY
said="interrupted"
verdict "an interruption leaves partial files, labelled" python3 interrupt.py "$bin" run "$cases/met.yaml"
valid part.xml

# --- ready files ---------------------------------------------------------------------------------------
for file in "$root"/docs/ci/*.yml; do
    verdict "$file: tabs" sh -c '! grep -q "	" "$1"' - "$file"
    if python3 -c 'import yaml' 2>/dev/null; then
        verdict "$file: no YAML" python3 -c 'import sys, yaml; assert isinstance(yaml.safe_load(open(sys.argv[1])), dict)' "$file"
    fi
    for option in $(grep -oE '(^|[^[:alnum:]])--(junit|ci|markdown|ndjson|output)\b' "$file" | grep -oE '\-\-[a-z]+'); do
        verdict "$file: no option $option" sh -c '"$1" help run | grep -qF -e "$2"' - "$bin" "$option"
    done
done

echo "ci: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
