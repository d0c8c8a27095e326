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
out=
trap 'rm -rf "$temporary" "$out"' EXIT INT TERM

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

# The tables of docs/studies.md.
study() { # NAME ARGUMENT...: the command writes its Markdown to standard output
    name=$1
    shift
    mkdir -p results/reference/studies
    reference=results/reference/studies/$name.md
    if [ "$write" = 1 ]; then
        "$failsim" "$@" --markdown - -q >"$reference" 2>/dev/null
        echo "wrote $reference"
        return
    fi
    "$failsim" "$@" --markdown - -q >"$temporary" 2>/dev/null
    if [ -s "$temporary" ] && cmp -s "$temporary" "$reference"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "not ok $name: $failsim $* differs from $reference"
        diff "$reference" "$temporary" | head -n 10
    fi
}

if [ -z "${FAILSIM_TEST_QUICK:-}" ]; then
    out=$(mktemp -d) || exit 1
    study mirror-lag sweep scenarios/studies/mirror-lag.yaml -o "$out/mirror-lag"
    study ttl-and-probes sweep scenarios/studies/ttl-and-probes.yaml -o "$out/ttl-and-probes"
    study outbox-or-dual-write compare scenarios/studies/outbox-or-dual-write.yaml
    rm -rf "$out"
fi
echo "reference: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
