#define _GNU_SOURCE
#include "CEventReactorShims.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

typedef union {
    struct cmsghdr alignment;
    char bytes[CMSG_SPACE(ER_DESCRIPTORS_PER_MESSAGE * sizeof(int))];
} control;

int64_t er_send_descriptors(int socket, const void *bytes, uint64_t count, const int *fds, int fd_count) {
    // The kernel only reads the bytes, although iov_base is not const.
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = count};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    control room;
    if (fd_count > 0) {
        size_t size = (size_t)fd_count * sizeof(int);
        memset(&room, 0, sizeof room);
        message.msg_control = room.bytes;
        message.msg_controllen = CMSG_SPACE(size);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(size);
        memcpy(CMSG_DATA(header), fds, size);
    }
    return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

int64_t er_receive_descriptors(int socket, void *bytes, uint64_t capacity, int *fds, int *fd_count, int *truncated) {
    struct iovec part = {.iov_base = bytes, .iov_len = capacity};
    control room;
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = room.bytes, .msg_controllen = sizeof room.bytes};
    *fd_count = 0;
    *truncated = 0;
    int64_t count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (count < 0) return count;
    if (message.msg_flags & MSG_CTRUNC) *truncated = 1;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        int received = (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(fds + *fd_count, CMSG_DATA(header), (size_t)received * sizeof(int));
        *fd_count += received;
    }
    return count;
}

int er_peer_user(int socket, uint32_t *user) {
    struct ucred peer;
    socklen_t length = sizeof peer;
    int code = getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length);
    if (code == 0) *user = peer.uid;
    return code;
}
