#pragma once

// event2/event-config.h defines _GNU_SOURCE. Were it the first header of this module, fd_set would take another
// shape here than in Swift's own Glibc module, and no file could import both. A libc header first settles the shape.
#include <sys/types.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <event2/util.h>
