#include "sim/fmath.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "sim/check.h"

/* ln 2 in two parts. The first has 21 trailing zero bits: its products with exponents are exact. */
static const double LN2_HIGH = 0x1.62e42fefa0000p-1;
static const double LN2_LOW = 0x1.cf79abc9e3b3ap-40;

/* Adding and taking it away again rounds to the nearest integer, without a call of floor. */
static const double TO_INTEGER = 0x1.8p52;

static double double_of_bits(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static uint64_t bits_of_double(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* 2^k for a normal result. */
static double power_of_two(int k)
{
    return double_of_bits((uint64_t)(k + 1023) << 52);
}

/* ---- Logarithm ---- */

/* log x = exponent * ln 2 + f - correction. */
typedef struct LogParts {
    double exponent;
    double f; /* x / 2^exponent - 1, exact, in [sqrt(1/2) - 1, sqrt(2) - 1] */
    double correction;
} LogParts;

/* With s = f / (2 + f), log(1 + f) = 2 atanh s = f - s (f - R), where R is what remains of
 * the series of 2 atanh(s) / s after its first term: f is exact, the rest small. */
static LogParts log_parts(double x)
{
    int exponent = 0;
    if (x < 0x1p-1022) {
        x *= 0x1p54;
        exponent = -54;
    }
    const uint64_t sqrt_half = UINT64_C(0x3FE6A09E667F3BCD);
    const uint64_t offset = bits_of_double(x) - sqrt_half;
    const int64_t shift = (int64_t)offset >> 52;
    exponent += (int)shift;
    const double f = double_of_bits(bits_of_double(x) - ((uint64_t)shift << 52)) - 1.0;

    const double s = f / (2.0 + f);
    const double z = s * s;
    const double z2 = z * z;
    /* 2/3, 2/5, 2/7, …: even and odd terms apart, for two short chains instead of a long one. */
    const double odd =
        2.0 / 3 +
        z2 * (2.0 / 7 + z2 * (2.0 / 11 + z2 * (2.0 / 15 + z2 * (2.0 / 19 + z2 * (2.0 / 23)))));
    const double even =
        2.0 / 5 + z2 * (2.0 / 9 + z2 * (2.0 / 13 + z2 * (2.0 / 17 + z2 * (2.0 / 21))));
    const double remainder = z * (odd + z * even);
    return (LogParts){(double)exponent, f, s * (f - remainder)};
}

double fmath_log(double x)
{
    SIM_CHECK(x > 0);
    if (x > 0x1.fffffffffffffp1023)
        return INFINITY;
    const LogParts parts = log_parts(x);
    const double small = parts.correction - parts.exponent * LN2_LOW;
    return parts.exponent * LN2_HIGH + (parts.f - small);
}

/* ---- Exponential ---- */

/* exp r - 1 for |r| <= ln 2 / 2, by Taylor's series: its 14th term is below 2^-57. */
static double exp_minus_one(double r)
{
    static const double inverse_factorial[] = {
        1.0 / 2,     1.0 / 6,      1.0 / 24,      1.0 / 120,      1.0 / 720,       1.0 / 5040,
        1.0 / 40320, 1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800,
    };
    const double *c = inverse_factorial;
    const double r2 = r * r;
    const double r4 = r2 * r2;
    const double low = (c[0] + c[1] * r) + (c[2] + c[3] * r) * r2;
    const double middle = (c[4] + c[5] * r) + (c[6] + c[7] * r) * r2;
    const double high = (c[8] + c[9] * r) + (c[10] + c[11] * r) * r2;
    return r + r2 * (low + r4 * (middle + r4 * high));
}

/* Two steps where 2^k alone would not be a normal number. */
static double scale_by_power(double y, int k)
{
    if (k > 1023)
        return y * 2.0 * power_of_two(k - 1);
    if (k < -1022)
        return y * power_of_two(k + 1000) * 0x1p-1000;
    return y * power_of_two(k);
}

double fmath_exp(double x)
{
    SIM_CHECK(!isnan(x));
    if (x > 709.8)
        return INFINITY;
    if (x < -745.2)
        return 0.0;
    const double per_octave = 0x1.71547652b82fep0; /* 1 / ln 2 */
    const double k = (x * per_octave + TO_INTEGER) - TO_INTEGER;
    const double r = (x - k * LN2_HIGH) - k * LN2_LOW;
    return scale_by_power(1.0 + exp_minus_one(r), (int)k);
}

/* ---- Power ---- */

/* A sum of two doubles, the second small against the first. */
typedef struct DoublePair {
    double high, low;
} DoublePair;

static DoublePair pair_sum(double a, double b)
{
    const double sum = a + b;
    const double from_b = sum - a;
    return (DoublePair){sum, (a - (sum - from_b)) + (b - from_b)};
}

/* The upper 26 bits, so that products of halves are exact (Dekker 1971, by mask). */
static double upper_half(double x)
{
    return double_of_bits(bits_of_double(x) & ~UINT64_C(0x7FFFFFF));
}

static DoublePair pair_product(double a, double b)
{
    const double ah = upper_half(a), al = a - ah;
    const double bh = upper_half(b), bl = b - bh;
    const double product = a * b;
    return (DoublePair){product, ((ah * bh - product) + ah * bl + al * bh) + al * bl};
}

/* The logarithm's parts are kept apart until y has multiplied them: an error of half an ulp in
 * the logarithm would be magnified by the result's exponent. */
double fmath_pow(double x, double y)
{
    SIM_CHECK(x >= 0 && isfinite(x) && isfinite(y));
    if (y == 0.0)
        return 1.0;
    if (x == 0.0)
        return y > 0 ? 0.0 : INFINITY;
    const LogParts parts = log_parts(x);
    DoublePair log = pair_sum(parts.exponent * LN2_HIGH, parts.f);
    log.low -= parts.correction - parts.exponent * LN2_LOW;
    log = pair_sum(log.high, log.low);
    if (fabs(y) > 1e6 && fabs(y * log.high) > 800) /* keeps the products below finite */
        return (y > 0) == (log.high > 0) ? INFINITY : 0.0;
    DoublePair exponent = pair_product(y, log.high);
    exponent.low += y * log.low;
    const double main = fmath_exp(exponent.high);
    return isfinite(main) ? main + main * exponent.low : main;
}

/* ---- Normal quantile ---- */

/* Wichura, Algorithm AS 241: The percentage points of the normal distribution (Appl. Stat.
 * 37(3), 1988), PPND16: a ratio of two polynomials of degree 7 in each of three regions. */
typedef struct QuantileRegion {
    double numerator[8], denominator[8];
} QuantileRegion;

static const QuantileRegion quantile_centre = {
    {3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
     1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
     3.3430575583588128105e4, 2.5090809287301226727e3},
    {1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
     2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4,
     5.2264952788528545610e3},
};

static const QuantileRegion quantile_shoulder = {
    {1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
     3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
     2.27238449892691845833e-2, 7.74545014278341407640e-4},
    {1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
     1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
     1.05075007164441684324e-9},
};

static const QuantileRegion quantile_tail = {
    {6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
     2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
     2.71155556874348757815e-5, 2.01033439929228813265e-7},
    {1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
     7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
     2.04426310338993978564e-15},
};

static double polynomial(const double *c, double x)
{
    const double x2 = x * x;
    const double low = (c[0] + c[1] * x) + (c[2] + c[3] * x) * x2;
    const double high = (c[4] + c[5] * x) + (c[6] + c[7] * x) * x2;
    return low + high * (x2 * x2);
}

static double region_ratio(const QuantileRegion *region, double x)
{
    return polynomial(region->numerator, x) / polynomial(region->denominator, x);
}

double fmath_normal_quantile(double p)
{
    SIM_CHECK(p > 0 && p < 1);
    const double q = p - 0.5;
    if (fabs(q) <= 0.425)
        return q * region_ratio(&quantile_centre, 0.180625 - q * q);
    const double r = sqrt(-fmath_log(q < 0 ? p : 1.0 - p));
    const double z = r <= 5.0 ? region_ratio(&quantile_shoulder, r - 1.6)
                              : region_ratio(&quantile_tail, r - 5.0);
    return q < 0 ? -z : z;
}
