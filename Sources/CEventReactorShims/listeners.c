#define _GNU_SOURCE
#include "CEventReactorShims.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int er_refuse_attempts(int listener) {
    // The filter sees a packet from its TCP header on, whose fourteenth byte has the flags.
    enum { FLAGS = 13, SYN = 0x02, ACK = 0x10 };
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, FLAGS),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, SYN | ACK),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYN, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
    };
    struct sock_fprog program = {sizeof code / sizeof code[0], code};
    return setsockopt(listener, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

int er_backlog_count(int listener) {
    struct tcp_info info = {0};
    socklen_t length = sizeof info;
    if (getsockopt(listener, IPPROTO_TCP, TCP_INFO, &info, &length) != 0) return -1;
    // For a listening socket the kernel reports the length of its backlog in this field.
    return (int)info.tcpi_unacked;
}

int er_open_file_of_socket(int socket) {
    const unsigned long open_file = SIOCPROTOPRIVATE; // SIOCUNIXFILE of linux/un.h, which has a sockaddr_un of its own.
    return ioctl(socket, open_file, 0);
}

int er_open_path(const char *path) {
    return open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
}

int er_change_mode(int fd, uint32_t mode) {
    char name[64];
    // The thread's, not the process's: it may have a descriptor table of its own.
    snprintf(name, sizeof name, "/proc/thread-self/fd/%d", fd);
    if (chmod(name, (mode_t)mode) == 0) return 0;
    if (errno != ENOENT) return -1;
    // Without /proc, Linux 6.6 offers fchmodat2.
    const long fchmodat2 = 452;
    if (syscall(fchmodat2, fd, "", (mode_t)mode, AT_EMPTY_PATH) == 0) return 0;
    if (errno == ENOSYS) errno = ENOENT;
    return -1;
}

int er_open_lock(const char *path) {
    return open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
}
