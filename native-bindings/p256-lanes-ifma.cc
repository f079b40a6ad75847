#if defined(__x86_64__)
#include "lane-products-ifma.h"
#include "p256-lanes.inc"
#endif
