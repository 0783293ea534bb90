package import EventReactorCore
package import Glibc

extension SocketAddress {
    /// Calls a closure with the address as a `sockaddr`.
    package func withKernelForm<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        switch storage {
        case .ipv4(let bits, let port):
            var form = sockaddr_in()
            form.sin_family = sa_family_t(AF_INET)
            form.sin_port = port.bigEndian
            form.sin_addr.s_addr = bits.bigEndian
            return unsafe SocketAddress.with(&form, MemoryLayout<sockaddr_in>.size, body)
        case .ipv6(let high, let low, let scope, let port):
            var form = sockaddr_in6()
            form.sin6_family = sa_family_t(AF_INET6)
            form.sin6_port = port.bigEndian
            form.sin6_scope_id = scope
            unsafe withUnsafeMutableBytes(of: &form.sin6_addr) { bytes in
                unsafe bytes.storeBytes(of: high.bigEndian, toByteOffset: 0, as: UInt64.self)
                unsafe bytes.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            return unsafe SocketAddress.with(&form, MemoryLayout<sockaddr_in6>.size, body)
        case .unix:
            var form = sockaddr_un()
            form.sun_family = sa_family_t(AF_UNIX)
            let name = unixBytes
            unsafe withUnsafeMutableBytes(of: &form.sun_path) { unsafe $0.copyBytes(from: name) }
            // A path ends in a NUL; an abstract name is exactly as long as it is.
            let isPath = name.first.map { $0 != 0 } ?? false
            let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
            // The kernel may report a path that fills the field and leaves no room for one.
            let length = min(offset + name.count + (isPath ? 1 : 0), MemoryLayout<sockaddr_un>.size)
            return unsafe SocketAddress.with(&form, length, body)
        }
    }

    private static func with<Form, Result>(
        _ form: inout Form, _ size: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        unsafe withUnsafePointer(to: &form) { form in
            unsafe form.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body($0, socklen_t(size)) }
        }
    }

    /// An address from a `sockaddr`; an IPv4 address mapped into IPv6 becomes IPv4.
    package init(kernelForm: UnsafePointer<sockaddr>, length: socklen_t) {
        let bytes = unsafe UnsafeRawBufferPointer(start: kernelForm, count: Int(length))
        let family = length >= 2 ? Int32(unsafe kernelForm.pointee.sa_family) : AF_UNSPEC
        if family == AF_INET, bytes.count >= MemoryLayout<sockaddr_in>.size {
            let form = unsafe bytes.loadUnaligned(as: sockaddr_in.self)
            self.init(ipv4Bits: UInt32(bigEndian: form.sin_addr.s_addr), port: UInt16(bigEndian: form.sin_port))
        } else if family == AF_INET6, bytes.count >= MemoryLayout<sockaddr_in6>.size {
            let form = unsafe bytes.loadUnaligned(as: sockaddr_in6.self)
            let (high, low) = unsafe withUnsafeBytes(of: form.sin6_addr) { bytes in
                unsafe (
                    UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                    UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                )
            }
            let port = UInt16(bigEndian: form.sin6_port)
            if high == 0 && low >> 32 == 0xFFFF {
                self.init(ipv4Bits: UInt32(truncatingIfNeeded: low), port: port)
            } else {
                self.init(ipv6High: high, low: low, scope: form.sin6_scope_id, port: port)
            }
        } else {
            let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
            var name = family == AF_UNIX ? unsafe [UInt8](bytes.dropFirst(offset)) : []
            // The length of a path may or may not count its NUL; within an abstract name every byte counts.
            if let first = name.first, first != 0, let end = name.firstIndex(of: 0) { name.removeSubrange(end...) }
            self.init(unixBytes: name)
        }
    }

    /// The local address of a socket; the unnamed one if it has none.
    package init(of descriptor: Int32) {
        var form = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        self = unsafe withUnsafeMutablePointer(to: &form) { form in
            unsafe form.withMemoryRebound(to: sockaddr.self, capacity: 1) { form in
                let code = unsafe getsockname(descriptor, form, &length)
                return unsafe code == 0 ? SocketAddress(kernelForm: form, length: length) : .unnamedUnix
            }
        }
    }
}
