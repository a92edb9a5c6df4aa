"""The command line. One file per command group; :mod:`.main` names them and imports none before it is used."""
