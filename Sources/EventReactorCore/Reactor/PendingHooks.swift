/// The number of shutdown hooks of one stop that have not finished.
///
/// Each stop has its own object, so that a hook that finishes late does not count in another stop.
final class PendingHooks {
    var count: Int

    init(count: Int) {
        self.count = count
    }
}
