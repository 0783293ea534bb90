/// The part of every `OrderedRegistry` that does not depend on the type of its objects, and so is compiled once.
final class ObjectTable {
    private var entries: [UInt64: AnyObject] = [:]
    /// The ids in order, including some of removed objects.
    private var order: [UInt64] = []

    var count: Int { entries.count }

    @inline(never)
    func object(_ id: UInt64) -> AnyObject? { entries[id] }

    @inline(never)
    func add(_ object: AnyObject, as id: UInt64) {
        entries[id] = object
        // Removed ids are dropped here when they outnumber the others: amortized O(1).
        if order.count > 2 * entries.count { order = ids }
        order.append(id)
    }

    @inline(never)
    func remove(_ id: UInt64) -> AnyObject? { entries.removeValue(forKey: id) }

    var ids: [UInt64] {
        @inline(never) get { order.filter { entries[$0] != nil } }
    }
}
