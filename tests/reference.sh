#!/bin/sh
# The shipped scenarios give the committed results, byte for byte. `tests/reference.sh --write OUT`
# makes them anew after a change that is meant to change results: say why in the commit.
#
# FAILSIM_TEST_QUICK=1 (sanitizer builds) compares the first 5 runs' results only, which are
# committed beside the full ones.
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
cd "$top" || exit 1
write=0
[ "${1:-}" = --write ] && write=1 && shift
failsim=${1:-build/gcc}/failsim
passed=0 failed=0
temporary=$(mktemp) || exit 1
trap 'rm -f "$temporary"' EXIT INT TERM

check() { # scenario reference options...
    scenario=$1 reference=$2
    shift 2
    if [ "$write" = 1 ]; then
        "$failsim" run "$scenario" --json -q "$@" >"$reference"
        echo "wrote $reference"
        return
    fi
    "$failsim" run "$scenario" --json -q "$@" >"$temporary" 2>/dev/null
    if cmp -s "$temporary" "$reference"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "not ok $scenario differs from $reference"
        diff "$reference" "$temporary" | head -n 10
    fi
}

for scenario in scenarios/*.yaml; do
    name=$(basename "$scenario" .yaml)
    check "$scenario" "results/reference/$name.first5.json" -r 5
    [ -n "${FAILSIM_TEST_QUICK:-}" ] || check "$scenario" "results/reference/$name.json"
done
echo "reference: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
