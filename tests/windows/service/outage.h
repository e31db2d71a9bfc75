/* The service is lost, and comes back. The state is to be locked. */
#ifndef OUTAGE_H
#define OUTAGE_H

#include <stdbool.h>

void lose_service(void);    /* every callback hears it; every handle is worth nothing from now on */
void restore_service(void); /* systems are still there, to be opened again */
bool service_is_lost(void);

#endif
