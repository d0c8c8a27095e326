# A fitted distribution against the measurements: the curve of values below, and how far the two lie apart.
#
#   failsim calibrate lag.csv -o fit
#   gnuplot -c plot/fit.gp fit/fit.csv fit.svg
#
# Reads fit.csv alone: seconds, measured share below, share by the chosen family, share by the family of lowest
# BIC (the same, unless the measurements contradict it). The output's ending chooses svg or png.
if (ARGC < 2) { print "usage: gnuplot -c plot/fit.gp FIT.CSV OUTPUT.svg|png"; exit status 2 }
data = ARG1
out = ARG2
set encoding utf8
if (strlen(out) > 4 && out[strlen(out)-3:] eq ".png") {
    set terminal pngcairo noenhanced size 1000,420 font "DejaVu Sans,11"
} else {
    set terminal svg noenhanced size 1000,420 font "DejaVu Sans,13"
}
set output out
set datafile separator comma
set grid lc rgb "#dddddd"
set border 3
set tics nomirror
set key top left
set logscale x
set format x "%g"
set multiplot layout 1,2 margins 0.08,0.98,0.16,0.9 spacing 0.1
set title "Share of values below"
set xlabel "seconds"
set format y "%g %%"
set yrange [0:100]
plot data using (column("seconds")):(100*column("measured")) with points pt 7 ps 0.4 lc rgb "#999999" title "measured", \
     data using (column("seconds")):(100*column("best")) with lines lw 2 dt 2 lc rgb "#e69f00" title "lowest BIC", \
     data using (column("seconds")):(100*column("chosen")) with lines lw 2 lc rgb "#0072b2" title "chosen"
set title "The tail: share of values above"
set logscale y
set format y "%g %%"
set yrange [*:100]
set key bottom left
plot data using (column("seconds")):(100*(1-column("measured"))) with points pt 7 ps 0.4 lc rgb "#999999" title "measured", \
     data using (column("seconds")):(column("best") < 1 ? 100*(1-column("best")) : NaN) with lines lw 2 dt 2 lc rgb "#e69f00" title "lowest BIC", \
     data using (column("seconds")):(column("chosen") < 1 ? 100*(1-column("chosen")) : NaN) with lines lw 2 lc rgb "#0072b2" title "chosen"
unset multiplot
