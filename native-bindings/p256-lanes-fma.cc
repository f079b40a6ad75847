#if defined(__x86_64__)
#include "lane-products-fma.h"
#include "p256-lanes.inc"
#endif
