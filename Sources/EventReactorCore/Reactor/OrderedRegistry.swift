/// Objects by id, iterated in the order of their addition; each new id is greater than the ones before.
struct OrderedRegistry<Element: AnyObject> {
    private let table = ObjectTable()

    var isEmpty: Bool { table.count == 0 }
    var count: Int { table.count }

    subscript(id: UInt64) -> Element? {
        table.object(id).map { unsafe unsafeDowncast($0, to: Element.self) }
    }

    func add(_ element: Element, as id: UInt64) { table.add(element, as: id) }

    @discardableResult
    func remove(_ id: UInt64) -> Element? {
        table.remove(id).map { unsafe unsafeDowncast($0, to: Element.self) }
    }

    /// The ids of all objects, in the order of their addition.
    ///
    /// - Complexity: O(n).
    var ids: [UInt64] { table.ids }
}
