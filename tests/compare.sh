#!/bin/sh
# failsim compare: pairs, what is exactly zero, what is wrong, baselines. tests/compare.sh [failsim | its directory];
# the last line is "compare: N passed, N failed".
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
bin=${1:-$root/build/failsim}
[ -d "$bin" ] && bin=$bin/failsim
case $bin in /*) ;; *) bin=$PWD/$bin ;; esac
cases=$root/tests/scenarios
variants=$cases/variants.yaml
work=$(mktemp -d "${TMPDIR:-/tmp}/failsim-compare.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
export LC_ALL=C.UTF-8 TERM=dumb

passed=0 failed=0
verdict() { # NAME CONDITION…
    label=$1
    shift
    if "$@" >/dev/null 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "compare: FAILED: $label"
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
python() { verdict "$said: not so: $1" python3 -c "
import csv, json, math
def load(name):
    d = json.load(open(name))
    return d, {(x['design'], x['metric'], x['statistic']): x for x in d['differences']}
$1"; }

# --- variants ------------------------------------------------------------------------
try 0 compare "$variants"; cp out text
has out "SIDE BY SIDE"; has out "SYNCHRONOUS  database.replication.mode=sync"; has out "n.s."
has out "paired: the same arrivals and faults"; has out "* skewed"
verdict "a line over 100 columns" python3 -c 'assert all(len(l.rstrip("\n")) <= 100 for l in open("text", encoding="utf-8"))'
try 0 compare "$variants" --json=one -q -j 1
try 0 compare "$variants" --json=two -q -j 2
verdict "the comparison depends on the threads" cmp -s one two
python 'd, x = load("one")
assert d["kind"] == "comparison" and d["runs"] == 80 and d["warnings"] == []
assert [y["name"] for y in d["designs"]] == ["as written", "itself", "synchronous", "slower"]
for (design, metric, stat), row in x.items():
    if design == "itself":
        assert row["difference"] in (0, None) and not row["significant"], row
        assert row["interval"] in ([0, 0], None), row
    if row["significant"]:
        assert row["interval"][0] > 0 or row["interval"][1] < 0
lost = x["synchronous", "payments.lost", "mean"]
assert lost["value"] == 0 and lost["difference"] == -lost["base_value"] < 0 and lost["significant"]
detect = x["slower", "rto.detect", "mean"]
assert detect["significant"] and abs(detect["value"] - detect["base_value"] - detect["difference"]) < 1e-6
base = {y["name"]: y for y in d["designs"]}
assert len(base["as written"]["values"]["payments.lost"]) == 80'
# Common random numbers: the paired interval against that of two independent samples of the same size.
python 'd, x = load("one")
m = {y["name"]: y["metrics"]["rto.consumers"] for y in d["designs"]}
half = lambda c: (c[1] - c[0]) / 2
paired = half(x["slower", "rto.consumers", "mean"]["interval"])
apart = math.hypot(half(m["as written"]["ci95"]), half(m["slower"]["ci95"]))
assert paired < apart / 3, (paired, apart)'
# A variant is the file with --set: the same run of the same design.
"$bin" run "$variants" --set database.replication.mode=sync --json >run 2>err
python 'd, x = load("one"); assert d["designs"][2]["fingerprint"] == json.load(open("run"))["fingerprint"]'
try 0 compare "$variants" -r 80 --csv -; has out "design,base,metric"
python 'rows = list(csv.DictReader(open("out"))); assert len(rows) == len(load("one")[0]["differences"])'
try 0 compare "$variants" -r 5 --markdown sum.md -q; has sum.md "#### synchronous"; has sum.md '| `payments.lost.mean` |'
try 0 compare "$variants" -r 5; has out "wants 72 runs"
try 0 compare "$cases/met.yaml" -r 3 --variant 'fast:failover.mode=automatic' --variant 'fast:application.health=deep' --metric latency.p50.p50
has out "FAST  failover.mode=automatic, application.health=deep"; has out "latency.p50.p50"

# --- files -------------------------------------------------------------------------------
sed 's/name: Variants/name: Other/; s/rate: 2/rate: 3/; s/seed: 1/seed: 9/; /^variants/,/slower/d' "$variants" >other.yaml
try 0 compare "$variants" other.yaml -r 5
has out "OTHER"; has out "users pay at other times in 5 of 5 runs"; has out "run.seed 9"
sed 's/fail: region/fail: database/; s/name: Variants/name: Third/' "$variants" >third.yaml
try 0 compare "$variants" third.yaml -r 2; has out "other faults"

# --- what is wrong --------------------------------------------------------------------------
try 2 compare "$cases/met.yaml"; has err "has no variants"
try 2 compare; has err "needs scenario FILEs"
try 2 compare "$variants" --variant x; has err "NAME:KEY=VALUE"
try 2 compare "$variants" other.yaml --variant x:a=b; has err "one FILE"
try 2 compare "$variants" --variant x:users.rat=5/s; has err 'did you mean "rate"'
try 2 compare "$variants" --metric rto.servce; has err "rto.service"
try 2 compare "$variants" --metric rto.service.max; has err "no interval"
try 2 compare "$variants" --variant itself:users.rate=5/s; has err 'called "itself"'
try 2 compare "$variants" --tolerance 5%; has err "goes with --baseline"
sed 's/mode: sync}/mode: snyc, run.seed: 3, users: {rte: 1}}/; s/name: slower/name: itself/' "$variants" >wrong.yaml
try 2 compare wrong.yaml
has err 'wrong.yaml:13:'; has err 'not "snyc"'; has err "in the variant [synchronous]"
has err "run.seed cannot differ"; has err '"itself" is there twice'
cp err expected
try 2 validate wrong.yaml; has err 'not "snyc"'
try 2 validate "$variants" --set 'variants=[{name: x, set: 3}]'; has err "must be a group of keys"

# --- baselines ------------------------------------------------------------------------------------
try 0 compare "$variants" --baseline one; has out "PASS  0 regressions"
try 1 compare "$variants" --baseline one --set failover.probe.interval=20s --junit r.xml --ci github
has out "✗ rto.detect.mean"; has out "FAIL"; has out "::error "; has r.xml "rto.detect.mean not worse than the baseline [as written]"
if command -v xmllint >/dev/null 2>&1; then
    verdict "$said: no valid JUnit" xmllint --noout --schema "$root/tests/junit.xsd" r.xml
fi
try 0 compare "$variants" --baseline one --set failover.probe.interval=20s --tolerance 500%
try 0 compare "$variants" --baseline one --set failover.probe.interval=11s; has out "better"
sed 's/^name: Variants/name: Variants\nabout: edited/' "$variants" >edited.yaml
try 0 compare edited.yaml --baseline one; has out "has changed since the baseline"
try 0 compare "$variants" -r 40 --seed 5 --baseline one; has out "another seed: not paired"
"$bin" run "$variants" --json >run 2>err
try 0 compare "$variants" --baseline run; has out "does not know the design"
try 1 compare "$variants" --baseline run --set failover.probe.interval=20s; has out "(not paired)"
sed 's/"version": "[0-9.]*"/"version": "0.0.1"/' one >older
try 0 compare "$variants" --baseline older; has out "failsim 0.0.1"
try 2 compare "$cases/met.yaml" --baseline one; has err "of another scenario"
verdict "$said: something was simulated" test ! -s out
printf '{"format_version": 2}' >bad
try 2 compare "$variants" --baseline bad; has err "format version 2"
for text in '' '{' '[1' '{"a":1,"a":2}' '{"a" 1}' '01x' '{} x' '"\ud800"' '[1,]'; do
    printf '%s' "$text" >bad
    try 2 compare "$variants" --baseline bad; has err "is no"
done
python3 -c 'print("[" * 100000)' >bad
try 2 compare "$variants" --baseline bad; has err "too deeply"
try 2 compare "$variants" --baseline nonesuch; has err "cannot read"

# --- Ctrl-C -------------------------------------------------------------------------------------------
cat >interrupt.py <<'PY'
import json, signal, subprocess, sys, time
program = subprocess.Popen(sys.argv[1:] + ["-r", "1000000", "-j", "1", "--ndjson", "live", "--json=part"],
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
out, err = program.communicate(timeout=120)
assert program.returncode == 130, (program.returncode, err)
assert "PARTIAL" in out and "designs were not run" in err
assert json.load(open("part"))["partial"] is True
PY
verdict "an interruption compares what is done, labelled partial" python3 interrupt.py "$bin" compare "$variants"

echo "compare: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
