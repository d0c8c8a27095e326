# Cumulative distributions of recovery: how long until service was back, and how much was lost.
#
#   failsim run scenarios/north-india-outage.yaml -o results
#   gnuplot -c plot/recovery.gp results/north-india-goes-down/runs.csv recovery.svg
#
# Reads runs.csv alone (one row a run; "inf" is "not reached" and never enters the curve, so a curve that
# ends below 100 % shows the runs that did not recover). The output's ending chooses svg or png.
if (ARGC < 2) { print "usage: gnuplot -c plot/recovery.gp RUNS.CSV OUTPUT.svg|png"; exit status 2 }
runs = ARG1
out = ARG2
set encoding utf8
if (strlen(out) > 4 && out[strlen(out)-3:] eq ".png") {
    set terminal pngcairo noenhanced size 1000,420 font "DejaVu Sans,11"
} else {
    set terminal svg noenhanced size 1000,420 font "DejaVu Sans,13"
}
set output out
set datafile separator comma
set datafile missing "inf"
set key bottom right
set grid lc rgb "#dddddd"
set border 3
set tics nomirror
set format y "%g %%"
set yrange [0:100]
set xrange [0:*]

stats runs using (column("run")) nooutput
share = 100.0 / STATS_records

set multiplot layout 1,2 margins 0.09,0.98,0.16,0.9 spacing 0.09
set title "Recovery time"
set xlabel "minutes since the outage"
set ylabel "runs that got there"
plot runs using (column("rto.first")/60):(share) smooth cumulative with steps lw 2 lc rgb "#56b4e9" title "first success", \
     runs using (column("rto.service")/60):(share) smooth cumulative with steps lw 2 lc rgb "#0072b2" title "service back and staying", \
     runs using (column("rto.consumers")/60):(share) smooth cumulative with steps lw 2 lc rgb "#e69f00" title "consumers caught up"
unset ylabel
set title "Data loss"
set xlabel "RPO: seconds from the earliest lost payment to the outage"
plot runs using (column("rpo.seconds")):(share) smooth cumulative with steps lw 2 lc rgb "#d55e00" notitle
unset multiplot
