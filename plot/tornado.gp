# A tornado: each factor alone from one end of its range to the other, the largest swing on top.
#
#   failsim rank scenario.yaml -o rank
#   gnuplot -c plot/tornado.gp rank/tornado.csv tornado.svg [METRIC]
#
# Reads tornado.csv alone, one metric of it (rto.service unless another is named); the rows are ordered already.
# The output's ending chooses svg or png.
if (ARGC < 2) { print "usage: gnuplot -c plot/tornado.gp TORNADO.CSV OUTPUT.svg|png [METRIC]"; exit status 2 }
data = ARG1
out = ARG2
metric = ARGC > 2 ? ARG3 : "rto.service"
set encoding utf8
if (strlen(out) > 4 && out[strlen(out)-3:] eq ".png") {
    set terminal pngcairo noenhanced size 900,420 font "DejaVu Sans,11"
} else {
    set terminal svg noenhanced size 900,420 font "DejaVu Sans,13"
}
set output out
set datafile separator comma
set border 1
set tics nomirror
set key outside bottom center horizontal
set grid x lc rgb "#dddddd"
set style fill solid 0.9 noborder
set title metric.": each factor alone, from one end of its range to the other"
set xlabel metric[1:3] eq "rto" || metric[1:3] eq "rpo" ? "seconds" : "mean a run"

stats data using (strcol("metric") eq metric ? column("base") : NaN) nooutput
if (STATS_records < 1) { print "no rows of ".metric." in ".data; exit status 1 }
stats data using (strcol("metric") eq metric ? column("low") : NaN) name "LOW" nooutput
stats data using (strcol("metric") eq metric ? column("high") : NaN) name "HIGH" nooutput
base = STATS_mean
rows = STATS_records
set yrange [-rows+0.4:0.6]
set arrow from base, graph 0 to base, graph 1 nohead lc rgb "#555555" dt 2
mine(x) = strcol("metric") eq metric
place(x) = mine(0) ? -(column("place") - 1) : NaN
left = LOW_min < HIGH_min ? LOW_min : HIGH_min
right = LOW_max > HIGH_max ? LOW_max : HIGH_max
pad = right > left ? 0.05 * (right - left) : 1
set xrange [left-pad:right+pad]
unset ytics
set lmargin 34
plot data using (base):(place(0)):(base):(column("low")):(place(0)-0.35):(place(0)+0.35) with boxxyerror lc rgb "#0072b2" title "at its low end", \
     data using (base):(place(0)):(base):(column("high")):(place(0)-0.35):(place(0)+0.35) with boxxyerror lc rgb "#e69f00" title "at its high end", \
     data using (left-pad):(place(0)):(strcol("factor")) with labels right offset -1,0 notitle
