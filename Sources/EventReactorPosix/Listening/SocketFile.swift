import CEventReactorShims
import EventReactorCore
import Glibc

/// The file of a UNIX socket as the file system knows it, whatever its name comes to mean later.
struct SocketFile {
    /// Absolute if possible: the process may change its directory while the socket listens.
    private let path: String
    private let device: dev_t
    private let inode: ino_t

    /// The file that a socket has just been bound to.
    ///
    /// - Throws: `.system(ESTALE)` if another program has put something else there meanwhile: no peer would find the
    ///   socket.
    init(of descriptor: Int32, at address: SocketAddress) throws(ListenError) {
        let path = address.path ?? ""
        let opened = SocketFile.open(descriptor, path)
        guard opened >= 0 else { throw SocketFile.error(errno, "open", address) }
        defer { _ = close(opened) }
        var status = stat()
        guard unsafe fstat(opened, &status) == 0 else { throw SocketFile.error(errno, "fstat", address) }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw SocketFile.error(ESTALE, "bind", address) }
        let known = SocketFile(path: path, device: status.st_dev, inode: status.st_ino)
        let absolute = SocketFile(path: SocketFile.absolute(path), device: status.st_dev, inode: status.st_ino)
        // Another thread may change the directory at this moment, too.
        self = absolute.isThere ? absolute : known
    }

    /// The file at a path, if it is the file of a socket.
    init?(at path: String) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return nil }
        self.init(path: path, device: status.st_dev, inode: status.st_ino)
    }

    private init(path: String, device: dev_t, inode: ino_t) {
        self.path = path
        self.device = device
        self.inode = inode
    }

    /// Whether the path still leads to this file.
    ///
    /// While the socket is open its file keeps its inode number, so no other file can have it.
    private var isThere: Bool {
        guard let now = SocketFile(at: path) else { return false }
        return now.device == device && now.inode == inode
    }

    /// Removes the file if it is still there: a successor may have put its own in its place.
    @inline(never)
    func remove() {
        if isThere { unsafe unlink(path) }
    }

    // MARK: Mode

    static func permissions(_ mode: UInt16) -> mode_t { mode_t(mode) & 0o7777 }

    /// Gives the file a mode, if it does not have it already: the umask may have cleared bits.
    ///
    /// Another program that may write to the directory can put something else in the file's place at any moment. So
    /// the mode is set through a descriptor of the file itself, and never by its path.
    func setMode(_ mode: UInt16, of descriptor: Int32, at address: SocketAddress) throws(ListenError) {
        let wanted = SocketFile.permissions(mode)
        let opened = SocketFile.open(descriptor, path)
        guard opened >= 0 else { throw SocketFile.error(errno, "open", address) }
        defer { _ = close(opened) }
        var status = stat()
        guard unsafe fstat(opened, &status) == 0 else { throw SocketFile.error(errno, "fstat", address) }
        guard status.st_dev == device && status.st_ino == inode else {
            throw SocketFile.error(ESTALE, "chmod", address)
        }
        guard status.st_mode & 0o7777 != wanted else { return }
        if er_change_mode(opened, UInt32(wanted)) != 0 { throw SocketFile.error(errno, "chmod", address) }
    }

    /// A descriptor of the file: from the kernel if the process may ask it, and by the path otherwise.
    private static func open(_ descriptor: Int32, _ path: String) -> Int32 {
        let own = er_open_file_of_socket(descriptor)
        return own >= 0 ? own : unsafe er_open_path(path)
    }

    private static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/") else { return path }
        // There is none in a directory that was removed, or that cannot be reached.
        guard let directory = unsafe getcwd(nil, 0) else { return path }
        defer { unsafe free(directory) }
        return unsafe String(cString: directory) + "/" + path
    }

    private static func error(_ code: Int32, _ operation: String, _ address: SocketAddress) -> ListenError {
        .system(SystemError(code: code, operation: operation, address: address))
    }
}
