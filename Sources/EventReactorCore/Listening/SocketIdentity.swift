/// A socket as the kernel knows it, whatever numbers its descriptors have.
package struct SocketIdentity: Hashable, Sendable {
    let device: UInt64
    let inode: UInt64

    package init(device: UInt64, inode: UInt64) {
        self.device = device
        self.inode = inode
    }
}
