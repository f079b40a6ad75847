#if defined(__x86_64__)
#include "lane-products-fma.h"
#include "rsa-lanes.inc"
#endif
