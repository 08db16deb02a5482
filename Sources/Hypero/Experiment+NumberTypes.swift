// Rows, maxima and curves whose channels are known at run time only, and numbers of other types.
//
// The forms for literals of Double cost no allocation, and the compiler must prefer them: all others are disfavored.

extension Experiment {
    /// Records the values of one epoch of the learning curves as floating point numbers of any type.
    ///
    /// See ``log(epoch:train:valid:test:)``.
    @_disfavoredOverload
    public func log<Number: BinaryFloatingPoint>(
        epoch: Int, train: Number? = nil, valid: Number? = nil, test: Number? = nil
    ) {
        log(
            epoch: epoch, train: train.map { double($0) }, valid: valid.map { double($0) },
            test: test.map { double($0) })
    }

    /// Records the values of one epoch from a dictionary, or from other named values, of floating point numbers of any type.
    ///
    /// See ``log(epoch:_:)``.
    @_disfavoredOverload
    public func log<Number: BinaryFloatingPoint>(epoch: Int, _ row: some Sequence<(key: String, value: Number)>) {
        record(epoch: epoch, row: row.map { (key: $0.key, value: double($0.value)) })
    }

    /// Records the values of one epoch from pairs of a channel and a value, floating point numbers of any type.
    ///
    /// ```swift
    /// experiment.log(epoch: 3, zip(names, losses))
    /// ```
    ///
    /// See ``log(epoch:_:)``.
    @_disfavoredOverload
    public func log<Number: BinaryFloatingPoint>(epoch: Int, _ row: some Sequence<(String, Number)>) {
        record(epoch: epoch, row: row.map { (key: $0.0, value: double($0.1)) })
    }

    /// Records the maxima as floating point numbers of any type.
    ///
    /// See ``updateMaxima(train:valid:test:epoch:)``.
    @_disfavoredOverload
    public func updateMaxima<Number: BinaryFloatingPoint>(
        train: Number? = nil, valid: Number? = nil, test: Number? = nil, epoch: Int? = nil
    ) {
        updateMaxima(
            train: train.map { double($0) }, valid: valid.map { double($0) }, test: test.map { double($0) },
            epoch: epoch)
    }

    /// Records the maxima from a dictionary, or from other named values, of floating point numbers of any type.
    ///
    /// See ``updateMaxima(epoch:_:)``.
    @_disfavoredOverload
    public func updateMaxima<Number: BinaryFloatingPoint>(
        epoch: Int? = nil, _ row: some Sequence<(key: String, value: Number)>
    ) {
        recordMaxima(epoch: epoch, row: row.map { (key: $0.key, value: double($0.value)) })
    }

    /// Records the maxima from pairs of a channel and a value, floating point numbers of any type.
    ///
    /// See ``updateMaxima(epoch:_:)``.
    @_disfavoredOverload
    public func updateMaxima<Number: BinaryFloatingPoint>(epoch: Int? = nil, _ row: some Sequence<(String, Number)>) {
        recordMaxima(epoch: epoch, row: row.map { (key: $0.0, value: double($0.1)) })
    }

    /// Records whole learning curves of floating point numbers of any type.
    ///
    /// See ``updateLearningCurve(train:valid:test:)``.
    @_disfavoredOverload
    public func updateLearningCurve<Number: BinaryFloatingPoint>(
        train: [Number] = [], valid: [Number] = [], test: [Number] = []
    ) {
        updateLearningCurve([("train", train), ("valid", valid), ("test", test)])
    }

    /// Records whole learning curves from a dictionary, or from other named curves, of floating point numbers of any type.
    ///
    /// See ``updateLearningCurve(first:_:)``.
    @_disfavoredOverload
    public func updateLearningCurve<Number: BinaryFloatingPoint>(
        first: Int = 1, _ curves: some Sequence<(key: String, value: [Number])>
    ) {
        record(curves.map { (key: $0.key, value: $0.value.map { double($0) }) }, first: first)
    }

    /// Records whole learning curves from pairs of a channel and its values, floating point numbers of any type.
    ///
    /// See ``updateLearningCurve(first:_:)``.
    @_disfavoredOverload
    public func updateLearningCurve<Number: BinaryFloatingPoint>(
        first: Int = 1, _ curves: some Sequence<(String, [Number])>
    ) {
        record(curves.map { (key: $0.0, value: $0.1.map { double($0) }) }, first: first)
    }

    /// Records the values of one epoch of the learning curves as integers of any type.
    ///
    /// See ``log(epoch:train:valid:test:)``.
    @_disfavoredOverload
    public func log<Number: BinaryInteger>(
        epoch: Int, train: Number? = nil, valid: Number? = nil, test: Number? = nil
    ) {
        log(
            epoch: epoch, train: train.map { double($0) }, valid: valid.map { double($0) },
            test: test.map { double($0) })
    }

    /// Records the values of one epoch from a dictionary, or from other named values, of integers of any type.
    ///
    /// See ``log(epoch:_:)``.
    @_disfavoredOverload
    public func log<Number: BinaryInteger>(epoch: Int, _ row: some Sequence<(key: String, value: Number)>) {
        record(epoch: epoch, row: row.map { (key: $0.key, value: double($0.value)) })
    }

    /// Records the values of one epoch from pairs of a channel and a value, integers of any type.
    ///
    /// ```swift
    /// experiment.log(epoch: 3, zip(names, losses))
    /// ```
    ///
    /// See ``log(epoch:_:)``.
    @_disfavoredOverload
    public func log<Number: BinaryInteger>(epoch: Int, _ row: some Sequence<(String, Number)>) {
        record(epoch: epoch, row: row.map { (key: $0.0, value: double($0.1)) })
    }

    /// Records the maxima as integers of any type.
    ///
    /// See ``updateMaxima(train:valid:test:epoch:)``.
    @_disfavoredOverload
    public func updateMaxima<Number: BinaryInteger>(
        train: Number? = nil, valid: Number? = nil, test: Number? = nil, epoch: Int? = nil
    ) {
        updateMaxima(
            train: train.map { double($0) }, valid: valid.map { double($0) }, test: test.map { double($0) },
            epoch: epoch)
    }

    /// Records the maxima from a dictionary, or from other named values, of integers of any type.
    ///
    /// See ``updateMaxima(epoch:_:)``.
    @_disfavoredOverload
    public func updateMaxima<Number: BinaryInteger>(
        epoch: Int? = nil, _ row: some Sequence<(key: String, value: Number)>
    ) {
        recordMaxima(epoch: epoch, row: row.map { (key: $0.key, value: double($0.value)) })
    }

    /// Records the maxima from pairs of a channel and a value, integers of any type.
    ///
    /// See ``updateMaxima(epoch:_:)``.
    @_disfavoredOverload
    public func updateMaxima<Number: BinaryInteger>(epoch: Int? = nil, _ row: some Sequence<(String, Number)>) {
        recordMaxima(epoch: epoch, row: row.map { (key: $0.0, value: double($0.1)) })
    }

    /// Records whole learning curves of integers of any type.
    ///
    /// See ``updateLearningCurve(train:valid:test:)``.
    @_disfavoredOverload
    public func updateLearningCurve<Number: BinaryInteger>(
        train: [Number] = [], valid: [Number] = [], test: [Number] = []
    ) {
        updateLearningCurve([("train", train), ("valid", valid), ("test", test)])
    }

    /// Records whole learning curves from a dictionary, or from other named curves, of integers of any type.
    ///
    /// See ``updateLearningCurve(first:_:)``.
    @_disfavoredOverload
    public func updateLearningCurve<Number: BinaryInteger>(
        first: Int = 1, _ curves: some Sequence<(key: String, value: [Number])>
    ) {
        record(curves.map { (key: $0.key, value: $0.value.map { double($0) }) }, first: first)
    }

    /// Records whole learning curves from pairs of a channel and its values, integers of any type.
    ///
    /// See ``updateLearningCurve(first:_:)``.
    @_disfavoredOverload
    public func updateLearningCurve<Number: BinaryInteger>(first: Int = 1, _ curves: some Sequence<(String, [Number])>)
    {
        record(curves.map { (key: $0.0, value: $0.1.map { double($0) }) }, first: first)
    }
}

/// Returns a number as a Double. A Float becomes the Double of its shortest decimal: 0.1 stays 0.1 instead of
/// 0.10000000149011612.
private func double(_ number: some BinaryFloatingPoint) -> Double {
    switch number {
    case let number as Double: number
    case let number as Float where number.isFinite: Double(number.description) ?? Double(number)
    default: Double(number)
    }
}

private func double(_ number: some BinaryInteger) -> Double { Double(number) }
