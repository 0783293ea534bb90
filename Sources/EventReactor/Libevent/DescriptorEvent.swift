import CEventReactorShims
import CLibevent
import EventReactorCore
import EventReactorPosix
import Glibc

/// An event that calls a closure until it is released.
final class DescriptorEvent {
    private var event: Event?
    private let action: () -> Void

    init(
        _ base: borrowing EventBase, _ descriptor: Int32, toWrite: Bool, _ action: @escaping () -> Void
    ) throws(SystemError) {
        self.action = action
        event = nil
        event = try unsafe Event(
            base, descriptor, toWrite ? EV_WRITE : EV_READ | EV_PERSIST | EV_ET,
            { _, _, context in
                guard let context = unsafe context else { return }
                // Retained meanwhile: the action may release the event.
                let event = unsafe Unmanaged<DescriptorEvent>.fromOpaque(context).takeUnretainedValue()
                event.action()
            }, context: self)
    }
}
