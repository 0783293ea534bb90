extension ReactorBase {
    /// Returns memory that is kept for reuse to the system, as far as the allocator can.
    ///
    /// The library itself keeps little: at most 256 chunks of 16 KiB and 32 empty buffers of libevent. The rest of the
    /// memory of ended connections is the allocator's, which by itself returns memory from the end of its heap only.
    /// This makes it return all free pages (`malloc_trim` of glibc), and blocks for milliseconds if there are many:
    /// call it in quiet times, such as after a flood of connections, and not for each connection.
    public final func releaseMemory() {
        chunks.empty()
        if soonMade == soonNow.count {
            soonNow = []
            soonMade = 0
        }
        if unsafe connections.count < connections.capacity / 2 { shrinkConnections() }
        engine.releaseMemory()
    }

    /// Shrinks the table to twice its count.
    final func shrinkConnections() {
        var smaller: [Unmanaged<StreamConnection>] = unsafe []
        unsafe smaller.reserveCapacity(connections.count * 2)
        unsafe smaller.append(contentsOf: connections)
        unsafe connections = smaller
    }
}
