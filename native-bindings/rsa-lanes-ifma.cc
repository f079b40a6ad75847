#if defined(__x86_64__)
#include "lane-products-ifma.h"
#include "rsa-lanes.inc"
#endif
