#!/bin/sh
# failsim calibrate, tried as a user would. The last line is "calibrate: N passed, N failed".
suite=calibrate
. "$(dirname "$0")/support/try.sh"

# The same 120 lognormal values (median 2 s, sigma 0.5) in every form: quantiles, so no chance.
python3 - <<'PY'
import json, math, random
from statistics import NormalDist
z = NormalDist()
v = [2 * math.exp(0.5 * z.inv_cdf((i + 0.5) / 120)) for i in range(120)]
random.Random(1).shuffle(v)
open("lag.csv", "w").write("at,replication_lag_sec\n" + "".join(f"{i},{x!r}\n" for i, x in enumerate(v)))
open("semi.csv", "w").write("at;replication-latency-ms\r\n" + "".join(f"{i};{x * 1000!r}\r\n" for i, x in enumerate(v)))
open("times.csv", "w").write("".join(f"{x:.9f}s\n" for x in v))
points = [[1700000000 + i, repr(x)] for i, x in enumerate(v)]
points[7][1:] = ["NaN"]
points.append([1700009999, "-3"])
json.dump({"status": "success", "data": {"resultType": "matrix", "result": [
    {"metric": {"__name__": "replication_lag_sec"}, "values": points}]}}, open("api.json", "w"))
open("metrics.txt", "w").write("# TYPE replication_lag_sec gauge\n" + "".join(
    f'replication_lag_sec{{db="a b",n="{i}"}} {x!r} 1700000000\n' for i, x in enumerate(v)))
open("sorted.csv", "w").write("replication_lag_sec\n" + "".join(f"{x!r}\n" for x in sorted(v)))
open("same.csv", "w").write("x_ms\n" + "5\n" * 40)
open("few.csv", "w").write("x_ms\n1\n2\n3\n")
open("plain.csv", "w").write("x\n" + "".join(f"{x}\n" for x in v))
open("bad.csv", "w").write("x_ms\n1\n2\nthree\n")
open("two.csv", "w").write("a_ms,b_ms\n1,2\n")
open("zero.csv", "w").write("x_ms\n" + "0\n" * 5 + "".join(f"{x}\n" for x in v))
lumps = [0.1] * 60 + [x / 10 + 5 for x in v]
open("lumps.csv", "w").write("x_sec\n" + "".join(f"{x}\n" for x in lumps))
PY

for file in lag.csv semi.csv metrics.txt; do
    try 0 $file; says "● lognormal"; says "120 measurements"; says "lognormal: {median: 2s, p99: 6.3"
done
try 0 --unit s times.csv; says "lognormal: {median: 2s, p99: 6.3"; says "delay: "
try 0 lag.csv; says "database:"; says "    lag: {lognormal"
try 0 semi.csv; says "mirror:"; says "  latency: {lognormal"
try 0 api.json; says "119 measurements"; says "1 without a value, 1 negative"; says "● lognormal"
try 0 sorted.csv; says "neighbours correlate"
try 0 zero.csv; says "5 zeros"
try 0 lumps.csv; says "no family fits"; says "empirical: {file: values.csv"
try 0 --family gamma lag.csv; says "● gamma"; says "lag: {gamma: {shape: "
try 0 --family empirical lag.csv; says "● measured"
try 0 --key failover.steps[1].duration lag.csv; says "duration: {lognormal"

# What it prints can be pasted: the reader takes it.
try 0 --yaml lag.csv
verdict "the YAML is not the whole of --yaml" test "$(head -n 1 out)" = "database:"
{ printf 'version: 1\nname: pasted\nusers: {rate: 1/s}\n'; cat out; } >pasted.yaml
verdict "the reader refuses what calibrate printed" "$bin" validate pasted.yaml
try 0 -o fit --family empirical lag.csv
{ printf 'version: 1\nname: pasted\nusers: {rate: 1/s}\n'; cat fit/fit.yaml; } >fit/pasted.yaml
verdict "the reader refuses the empirical one" "$bin" validate fit/pasted.yaml
verdict "fit.csv has no curve" test "$(wc -l <fit/fit.csv)" = 121
for family in exponential lognormal gamma weibull pareto uniform mixture; do
    try 0 --yaml --family $family lag.csv
    { printf 'version: 1\nname: pasted\nusers: {rate: 1/s}\n'; cat out; } >pasted.yaml
    verdict "the reader refuses $family" "$bin" validate pasted.yaml
done
try 0 --json lag.csv
verdict "no JSON" python3 -c 'import json; d = json.load(open("out")); assert d["chosen"] == "lognormal" and d["measurements"] == 120 and len(d["fits"]) >= 6'
if command -v gnuplot >/dev/null; then
    verdict "no plot" gnuplot -c "$root/plot/fit.gp" fit/fit.csv fit.svg
    verdict "the plot is empty" grep -q "<path" fit.svg
fi

try 2; warns "needs one FILE"
try 2 absent.csv; warns "cannot read absent.csv"
try 2 same.csv; warns "all the same"
try 2 few.csv; warns "at least 10"
try 2 plain.csv; warns "add --unit"
try 2 --unit parsec plain.csv; warns "--unit parsec"
try 2 bad.csv; warns "bad.csv:4"
try 2 two.csv; warns "--column NAME, one of: a_ms, b_ms"
try 2 --column c two.csv; warns 'no column "c"'
try 2 --family cauchy lag.csv; warns "lognormal"
try 2 --family normal lag.csv; warns "cut off at zero"
try 2 --key users.rate lag.csv; warns "takes no distribution"
try 2 --key users.rat lag.csv; warns "no such scenario key"
printf '{"status": "error"}' >err.json
try 2 err.json; warns "data.result"
printf '{"data": {"result": [{"metric": {}, "values": [1, 2]}]}}' >odd.json
try 2 odd.json; warns "timestamp"
printf '\377\376' >binary
try 2 binary; warns "UTF-8"
mkdir shut && chmod 500 shut
[ -w shut ] || { try 4 -o shut/fit lag.csv; warns "cannot write"; }

finish
