#!/bin/sh
# The command line, tried as a user would: tests/cli.sh [failsim | its directory].
# One line per failure; the last line is "cli: N passed, N failed".
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
bin=${1:-$root/build/failsim}
[ -d "$bin" ] && bin=$bin/failsim
case $bin in /*) ;; *) bin=$PWD/$bin ;; esac
drill=$root/scenarios/north-india-outage.yaml
cases=$root/tests/scenarios
work=$(mktemp -d "${TMPDIR:-/tmp}/failsim-cli.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
unset NO_COLOR
export TERM=xterm LC_ALL=C.UTF-8

passed=0
failed=0
# verdict NAME CONDITION…: the condition is a command.
verdict() {
    label=$1
    shift
    if "$@" >/dev/null 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "cli: FAILED: $label"
    fi
}
# try CODE ARGUMENT…: runs failsim; then $work/out, $work/err; checks the exit code.
try() {
    want=$1
    shift
    "$bin" "$@" >out 2>err </dev/null
    code=$?
    said="failsim $*"
    verdict "$said: exit $code, not $want" test "$code" = "$want"
}
says() { verdict "$said: stdout lacks \"$1\"" grep -qF -e "$1" out; }
warns() { verdict "$said: stderr lacks \"$1\"" grep -qF -e "$1" err; }
silent() { verdict "$said: stdout is not empty" test ! -s out; }
quiet_err() { verdict "$said: stderr is not empty" test ! -s err; }
absent() { verdict "$said: $1 was written" test ! -e "$1"; }
# json EXPRESSION: a Python condition on the document d read from ./out.
json() {
    verdict "$said: not so in the JSON: $1" python3 -c '
import json, sys
def no(word): raise ValueError(word)
d = json.load(open("out"), parse_constant=no)
assert eval(sys.argv[1])' "$1"
}
small() { echo "-r 3 --set users.rate=20/s"; }

verdict "there is a binary at $bin" test -x "$bin"
if [ ! -x "$bin" ]; then
    echo "cli: $passed passed, $failed failed"
    exit 1
fi

# --- help -----------------------------------------------------------------
try 2; silent; warns "Usage: failsim COMMAND"
try 0 help; says "failsim run FILE"; says "130  interrupted"; quiet_err
try 0 --help; says "failsim validate"
try 0 -h; says "failsim explain"
try 0 --version; says "failsim "
for command in run validate choose rank tail calibrate explain help; do
    try 0 help $command; says "Usage: failsim $command"
    cp out expected
    try 0 $command --help; verdict "$said: not as help $command" cmp -s out expected
    try 0 $command -h; verdict "$said: not as help $command" cmp -s out expected
done
for option in --runs --seed --set --jobs --output --json --csv --quiet --verbose --no-color; do
    try 0 help run; says "$option"
done
try 2 help nonesuch; silent; warns 'unknown command "nonesuch"'
try 2 help run validate; silent
try 2 validat; silent; warns 'did you mean "validate"?'
try 2 x.yaml; warns "failsim run x.yaml"

# --- wrong options: nothing simulated, nothing written -----------------------
wrong() {
    text=$1
    shift
    try 2 run "$drill" -o never "$@"
    silent; warns "$text"; absent never
}
wrong "did you mean --json?" --jsno
wrong "unknown option -x" -x
wrong "from 1 to 1,000,000" -r abc
wrong "from 1 to 1,000,000" -r 0
wrong "from 1 to 1,000,000" -r -5
wrong "from 1 to 1,000,000" -r 1e3
wrong "from 1 to 1,000,000" -r 99999999999999999999
wrong "from 1 to 1,000,000" --runs=1000001
wrong "needs a value" --runs
wrong "not \"-1\"" --seed=-1
wrong "not \"x\"" --jobs=x
wrong "takes no value" --quiet=yes
wrong "exclude each other" -qv
wrong "empty value" --json=
wrong "cannot both go to standard output" --json --csv -
wrong "can be read only once" - -
wrong "cannot read nonesuch.yaml" nonesuch.yaml
wrong "cannot read /" /
wrong "--set" --set nonesuch.key=1
wrong "--set" --set users.rate
wrong "--set" --set users.rate=fast
wrong "--set" --set users.rate=
try 2 run; warns "needs a scenario FILE"
try 2 validate; warns "needs a scenario FILE"
try 2 explain one two; silent
try 2 run -- -r; warns "cannot read -r"

# --- wrong scenarios ----------------------------------------------------------
printf 'version: 1\nname: Wrong\nusres: {rate: 1/s}\nrun: {replications: many}\n' >wrong.yaml
try 2 run wrong.yaml -o never; silent; absent never
warns "wrong.yaml:3:1: error"; warns "wrong.yaml:4:"; warns '"users"'
try 2 run "$drill" wrong.yaml -o never; silent; absent never
try 2 validate wrong.yaml; silent; warns "wrong.yaml:3:1: error"; warns "wrong.yaml:4:"
printf 'version: 1\nname: No such metric\nregions: {active: a, passive: b}\nusers: {rate: 1/s}\nexpect: [rto.servce.p95 <= 5m]\n' >metric.yaml
try 2 run metric.yaml; silent; warns "rto.service"
printf 'a: [\n' >broken.yaml
try 2 run broken.yaml; silent; warns "broken.yaml:"
printf '\377\376\000' >binary.yaml
try 2 run binary.yaml; silent
head -c 2000000 /dev/zero >large.yaml
try 2 run large.yaml; silent
"$bin" run - -r 1 -q <wrong.yaml >out 2>err
code=$?
said="failsim run - <wrong.yaml"; verdict "$said: exit $code" test $code = 2; silent; warns "<stdin>:3:1"

# --- validate -----------------------------------------------------------------
try 0 validate "$drill"; says "valid"; quiet_err
try 0 validate --strict "$drill"
for file in "$root"/scenarios/*.yaml "$cases"/*.yaml; do
    try 0 validate "$file"
done

# --- explain --------------------------------------------------------------------
try 0 explain; says "users.rate"; says "rto.service"; says "payments.lost"; says "events[].at"
try 0 explain users; says "users.rate"
try 0 explain users.rate; says "rate"; says "default"
try 0 explain events; says "events[].at"
try 0 explain 'events[].at'; says "time"
try 0 explain rto; says "rto.service"; says "rto.detect"
try 0 explain rto.service; says "unit"
try 0 explain rto.service.p95; says "rto.service"
try 0 explain metrics; says "payments.lost"
try 2 explain users.rat; silent; warns 'did you mean "users.rate"?'
try 2 explain rto.servce; silent; warns 'did you mean "rto.service"?'
try 2 explain completely-unknown-word; silent

# --- verdicts ---------------------------------------------------------------------
try 0 run "$cases/met.yaml"; says "PASS  0 failed, 0 inconclusive"; says "exit 0"; quiet_err
try 1 run "$cases/unmet.yaml"; says "FAIL  1 failed"; says "WHY payments.submitted.max FAILED"; says "exit 1"
says "beyond the limit"; says "Next: failsim run"
try 3 run "$cases/undecided.yaml"; says "INCONCLUSIVE  0 failed, 1 inconclusive"; says "exit 3"; says "-r "
try 3 run "$cases/met.yaml" --set 'expect=[{that: payments.submitted >= 1 in 99.9%, confidence: 99%}]'
says "met in 2 of 2"; says "one-sided 99 % bounds"; says "exit 3"
try 1 run "$cases/met.yaml" --set 'expect=[payments.submitted.p95 <= 1]'; says "met in 0 of 2 runs"
try 2 run "$cases/met.yaml" --set 'expect=[payments.submitted.max <= 1 in 99%]'; silent; warns "no statistic"
try 2 run "$cases/met.yaml" --set 'expect=[payments.submitted <= 1 in 100%]'; silent; warns "below 100%"
try 0 validate "$cases/met.yaml"
try 0 explain expect; says "expect[].confidence"; try 0 explain "expect[].that"; says "in SHARE"
try 0 run "$cases/no-outage.yaml"; says "nothing fails"; says "WHAT BECAME OF"
verdict "$said: a recovery without an outage" sh -c '! grep -qE "WENT|RECOVERY|not reached" out'
try 1 run "$cases/stranded.yaml"; says "not reached in 2 of 2 runs"; says "service did not come back"
says "rto.service not reached"
try 1 run "$cases/stranded.yaml" --json
json 'd["metrics"]["rto.service"]["max"] is None and d["metrics"]["rto.service"]["unreached"] == 2'
try 1 run "$cases/stranded.yaml" --csv -
verdict "$said: rto.service is not inf" python3 -c '
import csv
assert [r["rto.service"] for r in csv.DictReader(open("out", newline=""))] == ["inf", "inf"]'
try 0 run -q "$cases/met.yaml"; verdict "$said: not one line" test "$(wc -l <out)" = 1
try 1 run -q "$cases/met.yaml" "$cases/unmet.yaml" "$cases/undecided.yaml"
says "3 scenarios: 1 failed, 1 inconclusive, 1 passed"
try 3 run -q "$cases/undecided.yaml" "$cases/met.yaml"

# --- the report -----------------------------------------------------------------------
# shellcheck disable=SC2046 # words
"$bin" run "$drill" $(small) >out 2>err
said="run of the drill"
says "EXPECTATIONS"; says "WENT"; says "WHAT BECAME OF"; says "= submitted"; says "RECOVERY"
says "rto.service"; says "STORY"; says "User 1"; says "User 5"; says "3 runs"; quiet_err
verdict "$said: a line over 100 columns" python3 -c '
assert all(len(l.rstrip("\n")) <= 100 for l in open("out", encoding="utf-8")
           if not l.startswith("Next:"))'
verdict "$said: blanks at a line end" sh -c '! grep -q " $" out'
verdict "$said: the fates do not sum to those submitted" python3 -c '
import re
rows = {}
for line in open("out", encoding="utf-8"):
    m = re.match(r"  (= submitted|[a-z_]+)\s+([0-9,]+)\s+[0-9.]+ %", line)
    if m: rows[m[1]] = int(m[2].replace(",", ""))
total = rows.pop("= submitted")
assert len(rows) == 8 and total > 0 and sum(rows.values()) == total'
verdict "$said: colour in a pipe" sh -c '! grep -q "$(printf "\033")" out'
# shellcheck disable=SC2046
try 0 help; "$bin" run "$drill" $(small) -v >verbose 2>err
verdict "-v says more" grep -q "EVERY METRIC" verbose
verdict "-v tells the platform's story" grep -q "The platform" verbose
# shellcheck disable=SC2046
LC_ALL=C "$bin" run "$drill" $(small) >out 2>err
verdict "ASCII where the locale is" python3 -c 'open("out", "rb").read().decode("ascii")'

# --- JSON ---------------------------------------------------------------------------------
# shellcheck disable=SC2046
"$bin" run "$drill" $(small) -j 1 --json >one 2>err
# shellcheck disable=SC2046
"$bin" run "$drill" $(small) -j 2 --json >out 2>err
said="run --json"
verdict "$said: -j 1 and -j 2 differ" cmp -s one out
verdict "$said: not valid" python3 -m json.tool out
json 'd["format_version"] == 1 and d["runs"] == 3 and "partial" not in d'
json 'd["scenario"]["set"] == ["users.rate=20/s"]'
json 'd["scenario"]["hash"] == __import__("hashlib").sha256(open("'"$drill"'", "rb").read()).hexdigest()'
json 'len(d["fingerprint"]) == 16 and int(d["fingerprint"], 16) > 0'
json 'sum(d["metrics"]["payments." + f]["mean"] for f in "completed resumed lost duplicated in_doubt interrupted rejected pending".split()) - d["metrics"]["payments.submitted"]["mean"] < 1e-6'
json 'all(set(m) == set("mean min max p50 p95 p99 ci95 runs unreached".split()) for m in d["metrics"].values())'
json 'all(e["verdict"] in ("PASS", "FAIL", "INCONCLUSIVE") for e in d["expectations"]) and d["expectations"]'
json '"'"$root"'" not in open("out").read()'
# shellcheck disable=SC2046
"$bin" run "$drill" $(small) --json --seed 987654321 >out 2>err
said="run --seed"
json 'd["seed"] == 987654321'
json 'd["fingerprint"] != __import__("json").load(open("one"))["fingerprint"]'
"$bin" run "$cases/met.yaml" "$cases/no-outage.yaml" --json >out 2>err
said="run --json of two files"
json 'len(d) == 2 and d[0]["verdict"] == "PASS" and d[1]["format_version"] == 1'
"$bin" run - --json <"$cases/met.yaml" >out 2>err
said="run - --json"
cp out stdin.json
"$bin" run "$cases/met.yaml" --json >out 2>err
verdict "$said: not as from the file" cmp -s out stdin.json

# --- files -----------------------------------------------------------------------------------
# shellcheck disable=SC2046
"$bin" run "$drill" $(small) -o results --json=copy.json --csv copy.csv >out 2>err
said="run -o results"
folder=$(ls results 2>/dev/null)
for file in result.json runs.csv story.txt; do
    verdict "$said: no $file" test -s "results/$folder/$file"
done
verdict "$said: result.json is not the JSON" cmp -s "results/$folder/result.json" one
verdict "$said: --json=FILE is not the JSON" cmp -s copy.json one
verdict "$said: --csv is not runs.csv" cmp -s copy.csv "results/$folder/runs.csv"
verdict "$said: temporary files are left" test "$(find . -name '*.??????' -newer err | grep -cE 'json\.|csv\.|txt\.')" = 0
verdict "$said: CSV" python3 -c '
import csv, json
rows = list(csv.DictReader(open("copy.csv", newline="")))
d = json.load(open("copy.json"))
assert len(rows) == 3 and [r["run"] for r in rows] == ["0", "1", "2"]
assert set(rows[0]) == set(d["metrics"]) | {"scenario", "run"}
for name, m in d["metrics"].items():
    values = [float(r[name]) for r in rows if r[name] != ""]
    assert len(values) == m["runs"]
    assert sum(v == float("inf") for v in values) == m["unreached"]
    if values and m["unreached"] == 0:
        assert min(values) == m["min"] and max(values) == m["max"]'
"$bin" run "$cases/met.yaml" --csv - >out 2>err
said="run --csv -"; says "scenario,run,"
verdict "$said: more than CSV" sh -c '! grep -q EXPECTATIONS out'
echo old >real.json && ln -s real.json link.json
"$bin" run "$cases/met.yaml" --json=link.json >out 2>err
verdict "a symbolic link stays one" test -L link.json
verdict "and its target is written" grep -q format_version real.json
try 2 run "$cases/met.yaml" "$cases/met.yaml" -o twice; silent; warns "different names"; absent twice

# --- what cannot be written --------------------------------------------------------------------
echo precious >file
try 4 run "$cases/met.yaml" -o file; warns "cannot write"
verdict "$said: the file is damaged" grep -q precious file
try 4 run "$cases/met.yaml" -o /proc/nonesuch; silent; warns "cannot write"
try 4 run "$cases/met.yaml" --json=nonesuch/x.json; silent; warns "No such file"
try 4 run "$cases/met.yaml" --csv nonesuch/x.csv --json=kept.json; absent kept.json
# A broken binary run by root could rename a file over a device: it gets one of its own, never /dev/full.
if [ "$(id -u)" = 0 ]; then
    mknod -m 666 device c 1 7 2>err && { : >device; } 2>err && full=$work/device || full=
else
    full=/dev/full
fi
if [ -n "$full" ] && [ -c "$full" ]; then
    try 4 run "$cases/met.yaml" --json="$full"; warns "No space left"
    verdict "$full is a device still" test -c "$full"
fi
if [ -c /dev/full ]; then
    for how in -v -q --json "--csv -"; do
        # shellcheck disable=SC2086
        "$bin" run "$cases/met.yaml" $how >/dev/full 2>err
        code=$?
        said="run $how >/dev/full"; verdict "$said: exit $code" test $code = 4; warns "cannot write to standard output"
    done
    for how in help explain --version "validate $cases/met.yaml"; do
        # shellcheck disable=SC2086
        "$bin" $how >/dev/full 2>err
        code=$?
        verdict "$how >/dev/full: exit $code" test $code = 4
    done
fi
if [ "$(id -u)" != 0 ]; then
    mkdir locked && chmod 500 locked
    try 4 run "$cases/met.yaml" -o locked; silent; warns "Permission denied"
    try 4 run "$cases/met.yaml" --json=locked/x.json; silent; warns "Permission denied"
fi
"$bin" run "$cases/met.yaml" >&- 2>err
code=$?
verdict "run with stdout closed: exit $code" test $code = 4

# --- broken pipe: quiet, and the verdict counts --------------------------------------------------
for how in -v --json; do
    { "$bin" run "$cases/unmet.yaml" $how -o "pipe$how" 2>err; echo $? >code; } | true
    said="run $how | true"; quiet_err
    verdict "$said: exit $(cat code)" test "$(cat code)" = 1
    verdict "$said: results are lost" test -s "pipe$how/unmet/result.json"
done

# --- a terminal -------------------------------------------------------------------------------------
cat >terminal.py <<'PY'
# Runs a command on a pseudo-terminal; prints what it wrote there.
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
while True:
    try:
        data = os.read(fd, 65536)
    except OSError:
        break
    if not data:
        break
    os.write(1, data)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PY
bold=$(printf '\033[1')
on_tty() { python3 terminal.py "$bin" run "$cases/met.yaml" "$@" >out 2>err; }
# A sandbox without /dev/pts has no terminal to show colour on.
if python3 -c 'import os; os.openpty()' 2>/dev/null; then
    on_tty; verdict "colour on a terminal" grep -qF "$bold" out
    on_tty --no-color; verdict "no colour with --no-color" sh -c "! grep -qF '$bold' out"
    NO_COLOR=1 on_tty; verdict "no colour with NO_COLOR" sh -c "! grep -qF '$bold' out"
    TERM=dumb on_tty; verdict "nothing but text with TERM=dumb" sh -c "! grep -q '$(printf '\033')' out"
else
    echo "no pseudo-terminals here: the terminal cases are left out"
fi

# --- Ctrl-C -------------------------------------------------------------------------------------------
# The result folder appears once the signal is handled, so that there is no race.
cat >interrupt.py <<'PY'
import json, os, signal, subprocess, sys, time
program = subprocess.Popen(sys.argv[1:] + ["-r", "1000000", "-j", "1", "-o", "stopped", "--json=stopped.json"],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                           preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
while not os.path.isdir("stopped") or not os.listdir("stopped"):
    assert program.poll() is None
    time.sleep(0.01)
program.send_signal(signal.SIGINT)
out, err = program.communicate(timeout=120)
assert program.returncode == 130, (program.returncode, err)
assert "PARTIAL" in out and "exit 130" in out, out
d = json.load(open("stopped.json"))
assert d["partial"] is True and d["runs"] < 1000000
PY
verdict "an interruption prints what is done, labelled partial, exit 130" \
    python3 interrupt.py "$bin" run "$cases/met.yaml"

echo "cli: $passed passed, $failed failed"
[ "$failed" = 0 ]
