import ArgumentParser
import MerestoneCLI

Command.main()
