import MerestoneCore
package import MerestoneNN
package import MerestoneSampling

extension TrainingData {
  /// The shape of the model for these features and classes.
  package func configuration(_ options: TrainingOptions) -> ModelConfiguration {
    ModelConfiguration(
      kind: options.model, inputs: featureCount, hidden: options.hidden, classes: classCount,
      layers: options.layers, dropout: options.dropout)
  }

  /// What the evaluation of the validation nodes computes.
  package func validationPlan(
    _ options: TrainingOptions, _ topology: Topology
  ) throws(TrainingError) -> InferencePlan {
    try InferencePlan(
      targets: nodes(of: .validation), configuration: configuration(options),
      topology: topology)
  }
}
