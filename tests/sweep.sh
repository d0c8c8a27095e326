#!/bin/sh
# failsim sweep and failsim merge, tried as a user would, and as a power cut would:
# tests/sweep.sh [build directory]. The last line is "sweep: N passed, N failed".
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
bin=${1:-$root/build}
case $bin in /*) ;; *) bin=$PWD/$bin ;; esac
[ -d "$bin" ] && bin=$bin/failsim
file=$root/tests/scenarios/sweep.yaml
work=$(mktemp -d "${TMPDIR:-/tmp}/failsim-sweep.XXXXXX") || exit 1
mounted=
trap '[ -n "$mounted" ] && umount "$work/small" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 1
export LC_ALL=C.UTF-8 TERM=dumb NO_COLOR=1
runs=12
results="result.json points.csv points.md"

passed=0
failed=0
verdict() { # NAME CONDITION…
    label=$1
    shift
    if "$@" >/dev/null 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "sweep: FAILED: $label"
    fi
}
# try CODE ARGUMENT…: runs failsim; then ./out, ./err.
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
same() { # DIR DIR: the same results, byte for byte
    for f in $results; do
        verdict "$1/$f and $2/$f differ" cmp -s "$1/$f" "$2/$f"
    done
}
sweep() { # CODE DIR ARGUMENT…
    code_wanted=$1 dir=$2
    shift 2
    try "$code_wanted" sweep "$file" -r $runs -o "$dir" "$@"
}

# What a journal holds, read without failsim: units, whether one is there twice, the record length.
cat >journal.py <<'PY'
import struct, sys
data = open(sys.argv[1], "rb").read()
assert data[:8] == b"SIMJRNL1"
at, units = 16, []
while at < len(data):
    length, crc = struct.unpack_from("=II", data, at)
    if at > 16:
        units.append(struct.unpack_from("=II", data, at + 8))
    at += 8 + length
assert at == len(data), "torn"
assert len(set(units)) == len(units), "a unit is there twice"
print(len(units))
PY
units() { python3 journal.py "$1/sweep.journal"; }

# --- what is wrong ----------------------------------------------------------
try 2 sweep; warns "needs one scenario FILE"
try 2 sweep "$file"; warns "needs -o DIR"
for shard in 0/2 3/2 1 1/ /2 a/b 1/2/3 -1/2; do
    try 2 sweep "$file" -o never --shard=$shard; warns "--shard takes I/N"
done
try 2 sweep "$file" -o never --json --csv -; warns "standard output"
try 2 sweep "$file" -o never --set sweep.grid='{router.ttll: [1s, 2s], users.rate: [fast]}'
warns '"ttll"'; warns "users.rate must be a rate"; warns "at the point ["
verdict "a wrong sweep has written nothing" test ! -e never
try 2 validate "$file" --set 'sweep.constraint=[router.ttl < 1s]'; warns "leave out every point"
try 0 validate "$file"; says "12 points"
try 2 merge; warns "needs the DIR"
try 2 merge nonesuch; warns "cannot read nonesuch"
mkdir empty; try 2 merge empty; warns "holds no journal"

# --- one sweep, whole --------------------------------------------------------------------
sweep 1 whole; says "12 points"; says "2m15s"
for f in $results; do verdict "whole/$f is there" test -s "whole/$f"; done
verdict "case names tell the point" grep -q '"Small sweep \[router.probe.interval=30s, failover.steps\[0\].duration=20s, database.replication.mode=sync, router.probe.timeout=20s\]"' whole/result.json
verdict "points.csv has a row a point" test "$(wc -l <whole/points.csv)" = 13
"$bin" run "$file" -r $runs --set router.probe.interval=30s --set 'failover.steps[0].duration=20s' \
    --set database.replication.mode=sync --set router.probe.timeout=20s --json >point.json 2>err
verdict "a point is what run makes of the same settings" python3 -c '
import json
run, sweep = json.load(open("point.json")), json.load(open("whole/result.json"))
point = [p for p in sweep["points"] if p["set"]["failover.steps[0].duration"] == "20s" and p["set"]["database.replication.mode"] == "sync"]
assert len(point) == 1
for key in "runs", "fingerprint", "metrics", "expectations", "verdict":
    assert point[0][key] == run[key], key
assert len(sweep["points"]) == 12 and "partial" not in sweep'
"$bin" run "$file" -r 2 >out 2>err; said="run of a sweep"; says "2 runs"
sweep 1 whole --json; warns "144 runs are there"; verdict "--json is result.json" cmp -s out whole/result.json
sweep 1 whole --csv -; verdict "--csv - is points.csv" cmp -s out whole/points.csv
sweep 1 whole --markdown - -q; verdict "--markdown - is points.md" cmp -s out whole/points.md
for jobs in 1 3; do sweep 1 jobs$jobs -j $jobs -q; same whole jobs$jobs; done
all=$(units whole)

# --- a scenario without a sweep is one point; one with CSV data knows its data ----------------
try 1 sweep "$root/tests/scenarios/unmet.yaml" -o single; says "1 point"
printf 'time\n1s\n2s\n' >lag.csv
sed 's/^sweep:/database: {replication: {lag: {empirical: {file: lag.csv}}}}\nsweep:/' "$file" >data.yaml
try 1 sweep data.yaml -r 2 -o data -q
printf 'time\n1s\n3s\n' >lag.csv
try 2 sweep data.yaml -r 2 -o data -q; warns "other CSV files"

# --- killed, again and again: nothing is lost, nothing repeated -----------------------------------
cat >kill.py <<'PY'
# Starts the command, kills it as soon as the journal has grown by a few records; several times.
import os, signal, subprocess, sys, time
journal, kills, command = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
size = lambda: os.path.getsize(journal) if os.path.exists(journal) else 0
for _ in range(kills):
    before = size()
    p = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while size() < before + 12000:
        assert p.poll() is None, "it was done before it could be killed"
        time.sleep(0.002)
    p.send_signal(signal.SIGKILL)
    assert p.wait() == -signal.SIGKILL
    assert size() >= before + 12000, "what was written is gone"
PY
verdict "killed four times" python3 kill.py killed/sweep.journal 4 "$bin" sweep "$file" -r $runs -o killed
verdict "no results of a killed sweep" test ! -e killed/result.json
sweep 1 killed; warns "going on"; same whole killed
verdict "each unit is there once ($(units killed), not $all)" test "$(units killed)" = "$all"

# --- a torn tail --------------------------------------------------------------------------------------
cp -r whole torn
python3 -c '
import os
size = os.path.getsize("torn/sweep.journal")
os.truncate("torn/sweep.journal", size - 100)'
sweep 1 torn; warns "dropped"; warns "143 runs are there"; same whole torn
verdict "the unit that was torn is there once" test "$(units torn)" = "$all"
printf 'garbage' >>torn/sweep.journal
sweep 1 torn; warns "dropped 7 bytes"; same whole torn

# --- another study's directory; a file that is none --------------------------------------------------
before=$(cksum <whole/sweep.journal)
for other in "--seed 8" "-r 13" "--set users.rate=6/s"; do
    # shellcheck disable=SC2086
    sweep 2 whole $other; warns "another study"
done
warns "--set nothing, here users.rate=6/s"
sed 's/5s, 30s/5s, 31s/' "$file" >changed.yaml
try 2 sweep changed.yaml -r $runs -o whole; warns "it was changed since"
verdict "a refused directory is untouched" test "$before" = "$(cksum <whole/sweep.journal)"
mkdir foreign && echo precious >foreign/sweep.journal
sweep 4 foreign; warns "is not a journal"
verdict "a foreign file is untouched" grep -q precious foreign/sweep.journal
mkdir version && sed '1s/^SIMJRNL1/SIMJRNL2/' whole/sweep.journal >version/sweep.journal
sweep 4 version; warns "another version"

# --- shards: any number, any order, the same bytes ------------------------------------------------------
for n in 1 2 3 7; do
    mkdir "of$n"
    i=$n
    while [ "$i" -ge 1 ]; do
        "$bin" sweep "$file" -r $runs -o "of$n" --shard "$i/$n" -q -j 2 >out 2>err
        i=$((i - 1))
    done
    try 1 merge "of$n" -q; same whole "of$n"
done
mkdir apart1 apart2 && cp of2/shard-1-of-2.journal apart1 && cp of2/shard-2-of-2.journal apart2
try 2 merge apart1 apart2; warns "needs -o DIR"
try 1 merge apart2 apart1 -o together; says "12 points"; same whole together
try 2 merge apart1 -o gone; warns "shard 2/2: there is no journal of it"; warns "--partial"
verdict "a merge with gaps writes nothing" test ! -e gone
try 1 merge apart1 -o gone --partial; says "PARTIAL"
verdict "it is labelled partial" grep -q '"partial": true' gone/result.json
mkdir short && cp of7/*.journal short && rm short/shard-3-of-7.journal
python3 -c 'import os; os.truncate("short/shard-5-of-7.journal", os.path.getsize("short/shard-5-of-7.journal") - 1)'
try 2 merge short; warns "shard 3/7: there is no journal"; warns "shard 5/7: not finished"
verdict "the others are not named" sh -c '! grep -q "shard 4/7" err'
"$bin" sweep "$file" -r $runs --seed 9 -o apart2 --shard 1/2 -q >out 2>err
try 2 merge apart1 apart2 -o mixed; warns "different studies"; warns "seed"
cp of3/shard-2-of-3.journal apart1 && rm apart2/shard-1-of-2.journal
try 1 merge apart1 apart2 -o overlap -q; same whole overlap

# --- in a pipeline ------------------------------------------------------------------------------------------
sweep 1 ci -q --junit ci.xml --ndjson ci.nd --ci github; says "::error file=$file,line="
verdict "JUnit follows its schema" sh -c 'command -v xmllint || exit 0; xmllint --noout --schema "$0" ci.xml' "$root/tests/junit.xsd"
verdict "a suite a point; its name tells the point" test "$(grep -c '<testsuite name="Small sweep \[router.probe.interval=' ci.xml)" = 12
verdict "events tell the points" sh -c 'test "$(grep -c point_start ci.nd)" = 12 && test "$(grep -c point_end ci.nd)" = 12'
verdict "and the end" sh -c 'tail -1 ci.nd | grep -q "\"exit\": 1"'
try 1 merge of2 -q --junit merged.xml --ndjson merged.nd
verdict "JUnit of shards is that of one process" cmp -s ci.xml merged.xml
verdict "events of shards are those of one process" cmp -s ci.nd merged.nd
sweep 2 never --shard 1/2 --junit never.xml; warns "to failsim merge"; verdict "none is written" test ! -e never.xml
sweep 2 never --inconclusive maybe; warns "takes pass or fail"
sweep 4 ci -q --junit /nonesuch/x.xml; warns "cannot write"

# --- precision: each point as often as it needs ----------------------------------------------------------------
precise() { # CODE DIR ARGUMENT…
    wanted=$1 dir=$2
    shift 2
    try "$wanted" sweep "$file" -o "$dir" --precision 30% --precision-of payments.lost.mean --max-runs 80 "$@"
}
precise 1 precise --ndjson precise.nd; says "±30 %, 30 to 80 runs each"
verdict "points have their own numbers of runs" python3 -c '
import json
points = json.load(open("precise/result.json"))["points"]
runs = {p["runs"] for p in points}
assert 30 in runs and len(runs) > 1 and max(runs) <= 80, runs
for p in points:
    assert p["precision"]["reached"] == (p["runs"] < 80), p'
"$bin" run "$file" --precision 30% --precision-of payments.lost.mean --max-runs 80 --json=point.json -q \
    --set router.probe.interval=30s --set 'failover.steps[0].duration=20s' \
    --set database.replication.mode=async --set router.probe.timeout=1s >out 2>err
verdict "a point is what run --precision makes of the same settings" python3 -c '
import json
run, sweep = json.load(open("point.json")), json.load(open("precise/result.json"))
point = [p for p in sweep["points"] if list(p["set"].values()) == ["30s", "20s", "async", "1s"]]
assert len(point) == 1
for key in "runs", "fingerprint", "metrics", "expectations", "verdict":
    assert point[0][key] == run[key], key'
precise 1 precise1 -j 1 -q; same precise precise1
for i in 3 1 2; do "$bin" sweep "$file" -o precise3 --precision 30% --precision-of payments.lost.mean --max-runs 80 --shard $i/3 -q >out 2>err; done
try 1 merge precise3 -q --ndjson precise3.nd; same precise precise3
verdict "events of shards" cmp -s precise.nd precise3.nd
rm precise3/shard-2-of-3.journal; try 2 merge precise3; warns "8 of 12 points are precise enough"; warns "shard 2/3"
verdict "killed twice" python3 kill.py precisek/sweep.journal 2 "$bin" sweep "$file" -o precisek --precision 30% --precision-of payments.lost.mean --max-runs 80
precise 1 precisek -q --ndjson precisek.nd; same precise precisek
verdict "events after kills" cmp -s precise.nd precisek.nd
precise 2 precise --min-runs 20; warns "--precision 30 % (30 to 80 runs)"
sweep 2 never --precision 5%; warns "excludes --precision"
try 2 sweep "$file" -o never --set 'expect=[payments.lost.max == 0]' --precision 5%; warns "expects no mean and no quantile"

# --- two processes on one directory -----------------------------------------------------------------------
cat >two.py <<'PY'
import os, subprocess, sys, time
command = sys.argv[1:]
first = subprocess.Popen(command + ["-j", "1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
while not os.path.exists("two/sweep.journal") or os.path.getsize("two/sweep.journal") < 9000:
    time.sleep(0.005)
second = subprocess.run(command, capture_output=True, text=True)
assert first.poll() is None, "the first was done too soon"
assert second.returncode == 4 and "in use by another process" in second.stderr, second
merge = subprocess.run([command[0], "merge", "two", "--partial"], capture_output=True, text=True)
assert merge.returncode == 2 and "in use" in merge.stderr, merge
assert first.wait() == 1
PY
verdict "a second process is refused while the first works" \
    python3 two.py "$bin" sweep "$file" -r $runs -o two
same whole two

# --- no space, no permission ----------------------------------------------------------------------------
(ulimit -f 64 && exec "$bin" sweep "$file" -r $runs -o full -q) >out 2>err </dev/null
code=$?
said="a file that may not grow"; verdict "$said: exit $code" test $code = 4
warns "File too large"; warns "start again to go on"
verdict "what was written is whole" units full
sweep 1 full; warns "going on"; same whole full
verdict "nothing is there twice" test "$(units full)" = "$all"
if [ "$(id -u)" = 0 ] && mkdir small && mount -t tmpfs -o size=64k none small 2>/dev/null; then
    mounted=yes
    sweep 4 small; warns "No space left on device"; warns "start again"
    verdict "what was written is whole" units small
    mount -o remount,size=8m small
    sweep 1 small; warns "going on"; same whole small
    mount -o remount,ro small
    sweep 4 small; warns "Read-only file system"
    umount small && mounted=
else
    echo "no tmpfs can be mounted here: its cases are left out"
fi
sweep 4 /proc/nonesuch; warns "cannot write"
echo x >plain; sweep 4 plain; warns "cannot write"
if [ "$(id -u)" != 0 ]; then
    mkdir locked && chmod 500 locked
    sweep 4 locked; warns "Permission denied"
fi

# --- Ctrl-C and SIGTERM -----------------------------------------------------------------------------------
cat >stop.py <<'PY'
import json, os, signal, subprocess, sys, time
name, command = sys.argv[1], sys.argv[2:]
p = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                     preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
while not os.path.exists("stop/sweep.journal") or os.path.getsize("stop/sweep.journal") < 12000:
    assert p.poll() is None
    time.sleep(0.002)
p.send_signal(getattr(signal, name))
out, err = p.communicate(timeout=60)
assert p.returncode == 130, (p.returncode, err)
assert "PARTIAL" in out, out
d = json.load(open("stop/result.json"))
assert d["partial"] is True and 0 < sum(point["runs"] for point in d["points"]) < 144
PY
for signal in SIGINT SIGTERM; do
    rm -rf stop
    verdict "$signal: what is done is told, labelled partial, exit 130" \
        python3 stop.py $signal "$bin" sweep "$file" -r $runs -o stop -j 1
    sweep 1 stop; warns "going on"; same whole stop
    verdict "nothing is there twice" test "$(units stop)" = "$all"
done

# --- progress on a terminal ----------------------------------------------------------------------------
cat >terminal.py <<'PY'
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
PY
if python3 -c 'import os; os.openpty()' 2>/dev/null; then
    TERM=xterm python3 terminal.py "$bin" sweep "$file" -r 40 -j 1 -o shown >out 2>err
    verdict "progress on a terminal" grep -q 'run [0-9]* of 480 ([0-9]* %)' out
    verdict "and the time left" grep -q 's left' out
else
    echo "no pseudo-terminals here: the terminal's case is left out"
fi

echo "sweep: $passed passed, $failed failed"
[ "$failed" = 0 ]
