/* log, exp, pow and the normal quantile from + - * / sqrt and bit operations alone.
 *
 * glibc picks FMA variants of these at run time, so their last bits differ from
 * processor to processor; a simulation that must give the same bytes everywhere
 * cannot call them. Accuracy: within 1 ulp (log, exp; normal results), 2e-14 relative (pow for
 * results in 1e-100..1e100), 1e-15 relative (normal quantile, Wichura AS 241).
 * The build sets -ffp-contract=off.
 *
 * Errors: arguments outside the stated ranges, NaN included, are bugs and abort.
 */
#ifndef SIM_FMATH_H
#define SIM_FMATH_H

double fmath_log(double x);             /* x > 0; INFINITY gives INFINITY */
double fmath_exp(double x);             /* overflow gives INFINITY, underflow 0 */
double fmath_pow(double x, double y);   /* x >= 0, both finite; pow(0, y < 0) is INFINITY */
double fmath_normal_quantile(double p); /* 0 < p < 1 */

#endif
