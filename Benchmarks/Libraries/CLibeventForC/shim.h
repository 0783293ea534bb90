#pragma once

#include <sys/types.h>

#include <event2/event.h>
