/// A listener's treatment of new peers while the process or the system has no descriptor left.
public enum DescriptorShortagePolicy: Hashable, Sendable {
    /// They are accepted by a descriptor that is kept in reserve and closed at once, so that they can try elsewhere.
    case close

    /// They wait in the kernel's backlog until a connection of this reactor closes, or a tenth of a second has passed.
    case wait
}
