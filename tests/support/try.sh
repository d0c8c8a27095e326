# What the command-line tests share; to be sourced, with `suite` set to the command
#
# Afterwards: $root, $bin (the program), a working directory of its own that goes away at the end, and
#   try CODE ARGUMENT...   runs "failsim $command ARGUMENT..."; its output is in ./out and ./err
#   says, warns TEXT       standard output, or error, has the text
#   verdict LABEL COMMAND  the command succeeds
#   finish                 the closing line; fails if anything failed
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
bin=${1:-$root/build/failsim}
[ -d "$bin" ] && bin=$bin/failsim
case $bin in /*) ;; *) bin=$PWD/$bin ;; esac
work=$(mktemp -d "${TMPDIR:-/tmp}/failsim-$suite.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT INT TERM
cd "$work" || exit 1
command=$suite
passed=0 failed=0

verdict() {
    label=$1
    shift
    if "$@" >/dev/null 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "$suite: FAILED: $label"
    fi
}

try() {
    want=$1
    shift
    "$bin" $command "$@" >out 2>err </dev/null
    code=$?
    said="$command $*"
    verdict "$said: exit $code, not $want" test "$code" = "$want"
}

says() { verdict "$said: stdout lacks \"$1\"" grep -qF -e "$1" out; }
warns() { verdict "$said: stderr lacks \"$1\"" grep -qF -e "$1" err; }

finish() {
    echo "$suite: $passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}
