#!/bin/sh
# failsim sweep on the ranks of mpirun: tests/mpi.sh [build directory]. Needs `make MPI=1` and Open
# MPI; says so and passes where they are not. The last line is "mpi: N passed, N failed".
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
out=${1:-$root/build/gcc}
case $out in /*) ;; *) out=$PWD/$out ;; esac
bin=$out/failsim-mpi
if ! command -v mpirun >/dev/null 2>&1; then
    echo "mpi: skipped: there is no mpirun here (scripts/setup mpi installs it)"
    echo "mpi: 0 passed, 0 failed"
    exit 0
fi
if [ ! -x "$bin" ]; then
    echo "mpi: skipped: $bin was not built (make MPI=1)"
    echo "mpi: 0 passed, 0 failed"
    exit 0
fi
if [ "$out/failsim" -nt "$bin" ]; then
    echo "mpi: skipped: $bin is older than failsim (make MPI=1)"
    echo "mpi: 0 passed, 0 failed"
    exit 0
fi
file=$root/tests/scenarios/sweep.yaml
work=$(mktemp -d "${TMPDIR:-/tmp}/failsim-mpi.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
export LC_ALL=C.UTF-8 TERM=dumb NO_COLOR=1 ASAN_OPTIONS=detect_leaks=0
unset OMPI_COMM_WORLD_SIZE PMIX_RANK PMI_SIZE

passed=0
failed=0
verdict() { # NAME CONDITION…
    label=$1
    shift
    if "$@" >/dev/null 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "mpi: FAILED: $label"
    fi
}
ranks() { # N ARGUMENT…
    n=$1
    shift
    mpirun --allow-run-as-root --oversubscribe -n "$n" "$@"
}
same() { # DIR
    for f in result.json points.csv points.md; do
        verdict "whole/$f and $1/$f differ" cmp -s "whole/$f" "$1/$f"
    done
}

"$bin" sweep "$file" -r 12 -o whole -q >out 2>err
verdict "without mpirun it is the plain program" test -s whole/result.json
for n in 1 2 5; do
    ranks "$n" "$bin" sweep "$file" -r 12 -o "ranks$n" -q >out 2>err </dev/null
    code=$?
    verdict "$n ranks: exit $code" test $code = 1
    verdict "$n ranks: one verdict" test "$(grep -c 'FAIL' out)" = 1
    same "ranks$n"
done
ranks 3 "$bin" sweep "$file" -r 12 -o halves --shard 1/2 -q >out 2>err </dev/null
ranks 2 "$bin" sweep "$file" -r 12 -o halves --shard 2/2 -q -j 2 >out 2>err </dev/null
"$bin" merge halves -q >out 2>err
same halves

# Precision: whoever is free takes the next runs of a point that may want more of them.
precise="--precision 30% --max-runs 80 --precision-of payments.lost.mean"
# shellcheck disable=SC2086
{
    "$bin" sweep "$file" -o precise $precise -q --ndjson one.nd --junit one.xml >out 2>err
    ranks 3 "$bin" sweep "$file" -o precise3 $precise -q --ndjson three.nd --junit three.xml >out 2>err </dev/null
}
verdict "3 ranks and a precision: other results" cmp -s precise/result.json precise3/result.json
verdict "3 ranks: other events" cmp -s one.nd three.nd
verdict "3 ranks: other JUnit" cmp -s one.xml three.xml

# What is wrong is told once, and nobody waits for ever.
ranks 3 "$bin" sweep "$file" -r 12 -o wrong --set users.rate=fast >out 2>err </dev/null
code=$?
verdict "a wrong scenario: exit $code" test $code = 2
verdict "is told once" test "$(grep -c 'users.rate must be' err)" = 1
verdict "and nothing is written" test ! -e wrong
ranks 2 "$out/failsim" sweep "$file" -r 12 -o plain >out 2>err </dev/null
verdict "the plain program says that it cannot" grep -q 'built without MPI' err

# A rank dies: mpirun ends the job; the second start goes on, with another number of ranks.
cat >kill.py <<'PY'
import glob, os, signal, subprocess, sys, time
journal, command = "killed/sweep.journal", sys.argv[1:]
p = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
while not os.path.exists(journal) or os.path.getsize(journal) < 12000:
    assert p.poll() is None, "it was done before a rank could be killed"
    time.sleep(0.002)
victims = []
for environ in glob.glob("/proc/[0-9]*/environ"):
    pid = int(environ.split("/")[2])
    try:
        if os.getcwd() == os.readlink(f"/proc/{pid}/cwd") and b"OMPI_COMM_WORLD_RANK=1\0" in open(environ, "rb").read():
            victims.append(pid)
    except OSError:
        pass
assert len(victims) == 1, victims
os.kill(victims[0], signal.SIGKILL)
assert p.wait(timeout=60) != 0
PY
verdict "rank 1 of 3 is killed" python3 kill.py \
    mpirun --allow-run-as-root --oversubscribe -n 3 "$bin" sweep "$file" -r 60 -o killed -q
verdict "a sweep of which a rank died has no results" test ! -e killed/result.json
ranks 2 "$bin" sweep "$file" -r 60 -o killed >out 2>err </dev/null
verdict "the second start goes on" grep -q 'going on' err
rm -rf whole && "$bin" sweep "$file" -r 60 -o whole -q >out 2>err
same killed

echo "mpi: $passed passed, $failed failed"
[ "$failed" = 0 ]
