extension ReactorBase {
    /// The object in which a layer keeps its state for this reactor, made when it is first asked for.
    ///
    /// It is released with the reactor.
    package func layerState<State: AnyObject>(_ type: State.Type, make: () -> State) -> State {
        for case let kept as State in layerStates { return kept }
        let made = make()
        layerStates.append(made)
        return made
    }
}
