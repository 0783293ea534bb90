/// Identity of a socket in the kernel, the same for all of its descriptors.
package struct SocketIdentity: Equatable, Sendable {
    let device: UInt64
    let inode: UInt64

    package init(device: UInt64, inode: UInt64) {
        self.device = device
        self.inode = inode
    }
}
