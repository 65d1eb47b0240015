import MerestoneCore
import MerestoneIngest

extension PreprocessRun {
  /// What the run is expected to take; nil where a first look does not show it.
  ///
  /// - Throws: ``PreprocessError/temporarySpace(folder:neededBytes:freeBytes:)`` where there is
  ///   clearly too little room.
  func predict(_ inputs: InputFiles) throws(PreprocessError) -> PreprocessPrediction? {
    // A run that goes on has the prediction of its start, and files that take room already.
    guard !options.resumes, inputs.edges.allSatisfy(\.isRepeatable) else { return nil }
    let place = FileSpace.parent(of: options.output)
    let temporary = options.temporary ?? place
    let prediction: PreprocessPrediction
    do throws(PreprocessError) {
      // Too short to be worth interrupting: what comes next hears of it.
      prediction = try PreprocessPlan.predict(
        options: options, inputs: inputs, plan: plan, pool: pool, folder: temporary,
        isThorough: false, cancellation: Cancellation())
    } catch {
      // Reading will say what is wrong, and where.
      return nil
    }
    try FileSpace.check(temporary, bytes: prediction.temporaryBytes)
    try FileSpace.check(place, bytes: prediction.outputBytes)
    return prediction
  }
}
