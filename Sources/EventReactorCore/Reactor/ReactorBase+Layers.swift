extension ReactorBase {
    /// The object in which a layer keeps its state for this reactor, made when it is first asked for.
    ///
    /// It is released with the reactor.
    package func layerState<State: AnyObject>(_ type: State.Type, make: () -> State) -> State {
        if let kept = layerStates[ObjectIdentifier(type)] { return unsafe unsafeDowncast(kept, to: State.self) }
        let made = make()
        layerStates[ObjectIdentifier(type)] = made
        return made
    }
}
