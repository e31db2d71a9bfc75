#include "outage.h"

#include "notifications.h"
#include "objects.h"

static bool lost;

void lose_service(void)
{
    if (lost)
        return;
    lost = true;
    invalidate_handles();
    announce_disconnect();
}

void restore_service(void)
{
    lost = false;
}

bool service_is_lost(void)
{
    return lost;
}
