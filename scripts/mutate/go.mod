module posd-mutate

go 1.26.0
