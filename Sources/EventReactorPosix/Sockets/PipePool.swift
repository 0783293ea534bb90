import CEventReactorShims
package import EventReactorCore
import Glibc

/// The pipes of a reactor, a few of them kept for the next relay that moves bytes.
package final class PipePool: RelayPipeSource {
    /// Requested capacity: the default of `/proc/sys/fs/pipe-max-size`.
    ///
    /// `./bench relay` runs 1.4 times as fast as with 256 KiB.
    private static let capacity = 1024 * 1024
    /// With less than this copying is faster, and a system short of memory for pipes gives no more than a page or two.
    private static let least = 64 * 1024
    /// Each costs its user a share of what `/proc/sys/fs/pipe-user-pages-soft` allows, 64 MiB unless set.
    private static let most = 4

    private var free: [SplicePipe] = []

    package init() {}

    /// A pipe, or `nil` if descriptors or memory are exhausted.
    package func take() -> (any RelayPipe)? {
        if let kept = free.popLast() { return kept }
        var ends: [Int32] = [-1, -1]
        let size = unsafe er_pipe(Int32(PipePool.capacity), &ends)
        guard size >= 0 else { return nil }
        let pipe = SplicePipe((ends[0], ends[1]), pool: self)
        return size >= PipePool.least ? pipe : nil
    }

    /// Closes those kept.
    package func empty() {
        free = []
    }

    func keep(_ pipe: SplicePipe) {
        if free.count < PipePool.most { free.append(pipe) }
    }
}
